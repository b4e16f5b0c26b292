#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A picture in memory, or in a file that is read whenever the picture is asked for.
public enum Picture: Sendable {
  case image(Image)
  case file(PictureFile)

  /// The picture itself; one in a file is read, decoded and prepared anew each time.
  ///
  /// - Throws: `FormatError` naming the file when it cannot be read any more or is damaged.
  public func image() throws -> Image {
    switch self {
    case .image(let image): return image
    case .file(let file): return try file.image()
    }
  }

  /// Width and height in pixels; no file is read for them.
  public var size: (width: Int, height: Int) {
    switch self {
    case .image(let image): return (image.width, image.height)
    case .file(let file): return (file.side, file.side)
    }
  }

  /// The picture after one more step that makes a square of it: done at once in memory, or whenever a picture in a file is asked for.
  ///
  /// - Parameters:
  ///   - side: width and height that the step gives.
  ///   - step: called on several threads.
  public func prepared(side: Int, by step: @escaping @Sendable (Image) throws -> Image) throws -> Picture {
    switch self {
    case .image(let image): return .image(try step(image))
    case .file(let file): return .file(file.prepared(side: side, by: step))
    }
  }

  /// Bytes of pixels that it keeps in memory.
  public var bytesInMemory: Int {
    if case .image(let image) = self { return image.pixels.count }
    return 0
  }
}

/// Where a picture lies on the disk, and what is done to it after decoding.
public struct PictureFile: Sendable {
  /// The file, or the shard that holds it.
  public let path: String
  /// How errors name the picture.
  public let name: String
  /// Its bytes in that file; nil for all of them.
  public let range: Range<Int>?
  /// Width and height after the preparation.
  public let side: Int
  private let reading: ImageReading
  private let prepare: @Sendable (Image) throws -> Image

  /// Names a picture in a file; nothing is read.
  ///
  /// - Parameters:
  ///   - side: width and height that `prepare` gives it.
  ///   - reading: background of transparent pictures and largest size.
  ///   - prepare: called on several threads, possibly many times for one picture; the same picture must come each time.
  public init(path: String, name: String, range: Range<Int>? = nil, side: Int, reading: ImageReading = ImageReading(),
              prepare: @escaping @Sendable (Image) throws -> Image) {
    (self.path, self.name, self.range, self.side) = (path, name, range, side)
    (self.reading, self.prepare) = (reading, prepare)
  }

  /// Reads its bytes.
  ///
  /// The file is opened each time and read, not mapped: one that is cut short while a program runs is an error and no crash.
  ///
  /// - Throws: `FormatError` naming the file.
  public func bytes() throws -> [UInt8] {
    guard let range else { return try MappedFile.read(path) }
    func failure(_ problem: String) -> FormatError { FormatError(format: "picture", source: name, offset: range.lowerBound, problem: problem) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(SystemCall.failure("cannot read", number: errno)) }
    defer { close(descriptor) }
    return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      while count < range.count {
        let read = pread(descriptor, buffer.baseAddress.map { $0 + count }, range.count - count, off_t(range.lowerBound + count))
        if read < 0, errno == EINTR { continue }
        guard read >= 0 else { throw failure(SystemCall.failure("cannot read", number: errno)) }
        guard read > 0 else { throw failure("the file has been cut short since it was first read: \(range.count) bytes were there, \(count) are left") }
        count += read
      }
    }
  }

  func prepared(side: Int, by step: @escaping @Sendable (Image) throws -> Image) -> PictureFile {
    let before = prepare
    return PictureFile(path: path, name: name, range: range, side: side, reading: reading) { try step(before($0)) }
  }

  func image() throws -> Image {
    let image = try prepare(ImageFile.decode(bytes(), source: name, reading: reading))
    guard image.width == side, image.height == side else {
      throw FormatError(format: "picture", source: name, problem: "it became \(image.width) x \(image.height) pixels where \(side) x \(side) were announced")
    }
    return image
  }
}

/// Where the pictures of a data set stay once it is loaded.
public enum PictureStorage: Sendable, Equatable {
  /// Decoded, in memory.
  case memory
  /// In their files, read whenever they are asked for; `side` is what preparation makes of each.
  case files(side: Int)
}
