extension DatasetLoader {
  /// Loads pictures with captions from a shard, a folder of shards, or a folder of pictures with text files.
  ///
  /// A picture that cannot be decoded or has no caption is left out and named in `skipped`; a shard that is damaged or cut
  /// short is an error.
  ///
  /// - Parameters:
  ///   - path: a `.tar` file or a folder.
  ///   - split: such as "train" or "test"; nil takes everything.
  ///   - limit: most pictures, the first in file order; default all.
  ///   - size: width and height that every picture gets on loading, so that only small pictures stay in memory; nil keeps
  ///     their own sizes.
  ///   - fit: how pictures that are not square get there, default crop.
  ///   - reading: background of transparent pictures and largest size.
  ///   - prepare: what else is done to each picture after that, on several threads.
  ///   - storage: where the pictures stay, default memory. With files, a picture is first decoded when it is asked for, and one
  ///     that cannot be is no longer left out here.
  /// - Throws: `FormatError` naming the file and what to do.
  public static func loadCaptioned(
    _ path: String, split: String? = nil, limit: Int? = nil, size: Int? = nil, fit: SquareFit = .crop,
    reading: ImageReading = ImageReading(), prepare: (@Sendable (Image) throws -> Image)? = nil, storage: PictureStorage = .memory
  ) throws -> CaptionedImages {
    let path = trimmed(path)
    let request = try Request(
      path: path, split: split, limit: limit, reading: reading, prepare: preparation(path, limit, size, fit, prepare), storage: storage)
    let isFolder = Folder.isFolder(path)
    guard isFolder || Folder.isFile(path) else { throw failure(path, "there is no such file or folder") }
    let hasShards = try isFolder ? Folder.names(path).contains(where: ShardFiles.isShard) : ShardFiles.isShard(fileName(path))
    guard isFolder || hasShards else { throw failure(path, "captioned pictures come in .tar shards or folders; this is neither") }
    let result = try hasShards ? loadCaptionedShards(request) : ImageFolder.loadCaptioned(request)
    guard result.count > 0 else {
      throw failure(path, "no picture with a caption could be read" + (result.skipped.first.map { "; the first reason: \($0)" } ?? ""))
    }
    return result
  }

  private static func loadCaptionedShards(_ request: Request) throws -> CaptionedImages {
    var result = CaptionedImages(pictures: [], captions: [], keys: [], labels: [], groups: [], skipped: [])
    result.skipped = try ShardFiles.read(
      ShardFiles.find(request.path, split: request.split), request) { sample in
      ShardFiles.captions(sample).isEmpty ? "no caption (.txt in UTF-8, or \"caption\" in .json)" : nil
    } body: { sample, picture in
      result.pictures.append(picture)
      result.captions.append(ShardFiles.captions(sample))
      result.keys.append(sample.key)
      result.labels.append(ShardFiles.label(sample))
      result.groups.append(ShardFiles.group(sample))
    }
    return result
  }
}
