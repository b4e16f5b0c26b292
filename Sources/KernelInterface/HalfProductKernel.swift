/// The inner loop of a matrix product whose factors are rounded to halves, for processors that multiply halves at twice the rate.
///
/// Factors are first multiplied by powers of two, one for each row of the left side and each column of the right one, so that sums of a run neither overflow nor
/// vanish; the result is multiplied by the inverse powers. A run of `run` products is summed in halves, runs are summed in single precision.
public final class HalfProductKernel {
  public typealias Input = UnsafePointer<Float>
  public typealias Output = UnsafeMutablePointer<Float>
  public typealias Halves = UnsafePointer<UInt16>
  public typealias HalfOutput = UnsafeMutablePointer<UInt16>

  /// Rows and columns of the register tile.
  public let rows: Int
  public let columns: Int
  /// Halves of scratch that `tile` needs: what the registers hold, and sums of runs in single precision.
  public var scratch: Int { 3 * rows * columns }
  /// Products that are summed in halves, from the beginning of the depth that `tile` gets.
  public let run: Int
  /// Computes one register tile: packed left [depth][rows], packed right [depth][columns], depth, out, row stride of out, whether to add to what is there, what
  /// rows and columns of the sum are multiplied by at the end (both, or neither), and `scratch` halves of scratch.
  public let tile: (Halves, Halves, Int, Output, Int, Bool, Input?, Input?, HalfOutput) -> Void
  /// The largest magnitude of finite numbers; 0 if there is none.
  public let largest: (Input, Int) -> Float
  /// maxima[i] = max(maxima[i], |x[i]|) for finite numbers: x, count, maxima.
  public let largestOfColumns: (Input, Int, Output) -> Void
  /// target[i] = x[i] scales[i] rounded to a half, and zero from `count` on: x, scales, target, count, length of target.
  public let narrow: (Input, Input, HalfOutput, Int, Int) -> Void
  /// target[k · total + r] = x[r · stride + k] scales[r], and zero from `lines` on: x, stride, lines, depth, scales, target, total, 256 halves of scratch.
  /// `total` is a multiple of 4.
  public let narrowTransposed: (Input, Int, Int, Int, Input, HalfOutput, Int, HalfOutput) -> Void
  /// The largest magnitude of finite halves; 0 if there is none.
  public let largestOfHalves: (Halves, Int) -> Float
  /// As `narrowTransposed` for halves, whose scales lie between 2^-14 and 2^15.
  public let scaleTransposed: (Halves, Int, Int, Int, Input, HalfOutput, Int, HalfOutput) -> Void
  /// Attention weights of a panel [rows][columns] of products: e^(scale (x - largest of the column)) times a power of two, as halves, and the inverses of
  /// the columns' sums: x, rows, scale, target, inverses. Exact to a half's last bit.
  public let columnWeights: (Input, Int, Float, HalfOutput, Output) -> Void
  /// Winograd's transform of the tiles of some rows of tiles, times a power of two, as halves: plane, height, width (a multiple of 16), rows of tiles, scale, out,
  /// places, `winogradScratch` numbers for these rows.
  public let winogradTiles: (Input, Int, Int, Range<Int>, Float, HalfOutput, TilePlaces, Output) -> Void

  public init(rows: Int, columns: Int, run: Int,
              tile: @escaping (Halves, Halves, Int, Output, Int, Bool, Input?, Input?, HalfOutput) -> Void,
              largest: @escaping (Input, Int) -> Float,
              largestOfColumns: @escaping (Input, Int, Output) -> Void,
              narrow: @escaping (Input, Input, HalfOutput, Int, Int) -> Void,
              narrowTransposed: @escaping (Input, Int, Int, Int, Input, HalfOutput, Int, HalfOutput) -> Void,
              largestOfHalves: @escaping (Halves, Int) -> Float,
              scaleTransposed: @escaping (Halves, Int, Int, Int, Input, HalfOutput, Int, HalfOutput) -> Void,
              columnWeights: @escaping (Input, Int, Float, HalfOutput, Output) -> Void,
              winogradTiles: @escaping (Input, Int, Int, Range<Int>, Float, HalfOutput, TilePlaces, Output) -> Void) {
    self.rows = rows
    self.columns = columns
    self.run = run
    self.tile = tile
    self.largest = largest
    self.largestOfColumns = largestOfColumns
    self.narrow = narrow
    self.narrowTransposed = narrowTransposed
    self.largestOfHalves = largestOfHalves
    self.scaleTransposed = scaleTransposed
    self.columnWeights = columnWeights
    self.winogradTiles = winogradTiles
  }
}
