import Host
import ML

/// PyTorch's generator in Lua's hands; drawing uses it up.
final class TorchGeneratorHandle: LuaObject {
  static let luaName = "TorchGenerator"
  var generator: TorchGenerator

  init(_ generator: TorchGenerator) { self.generator = generator }

  /// Draws with a copy, since finalisers may run while a tensor is allocated.
  func draw(_ body: (inout TorchGenerator) throws -> Tensor) rethrows -> Tensor {
    var copy = generator
    let tensor = try body(&copy)
    generator = copy
    return tensor
  }
}

/// Random numbers with PyTorch's bits, for comparisons with programs in PyTorch.
enum TorchLibrary {
  private enum Precision: String, CaseIterable { case f32, f64 }

  private static let handle = Argument<TorchGeneratorHandle>.object("self", "the generator")
  private static let dtype = Argument.choice("dtype", "type of the elements; it decides how many words a number takes", of: Precision.self, default: .f32)

  private static func count(_ shape: [Int]) throws -> Int { try Tensor.zeros(shape, dtype: .bool).count }

  static let make = Function(
    "torch", """
      Makes a generator with the bits of PyTorch on the CPU, as torch.Generator().manual_seed(seed) there. What it gives depends on all that was drawn from it before, \
      and on the sizes drawn; use stream for numbers that depend on their name only.
      """,
    .integer("seed", "the seed; its low 32 bits count"), returns: .object("a new generator", TorchGeneratorHandle.self),
    source: "Matsumoto & Nishimura 1998, Mersenne twister; PyTorch 2.13, CPU",
    example: ("local g = random.torch(42)\nreturn g:randn(3), g:rand{2, 2}", """
      tensor({0.3367, 0.1288, 0.2345}, f32 [3])	tensor({{0.9408, 0.1332},
              {0.9346, 0.5936}}, f32 [2, 2])
      """)
  ) { seed in TorchGeneratorHandle(TorchGenerator(seed: UInt64(bitPattern: Int64(seed)))) }

  private static let randn = Function(
    "randn", "Draws standard normal numbers, as torch.randn.", handle, .shape("shape", "sizes of the axes"), .options("settings", "type", dtype), returns: .tensor("a new tensor"),
    example: ("return random.torch(7):randn(2, {dtype = \"f64\"})", "tensor({-0.1468,  0.7861}, f64 [2])")
  ) { handle, shape, settings in
    let count = try count(shape)
    return try handle.draw { try settings[dtype] == .f32 ? Tensor($0.normals(count), shape: shape) : Tensor($0.normalDoubles(count), shape: shape) }
  }

  private static let rand = Function(
    "rand", "Draws numbers from [0, 1), as torch.rand.", handle, .shape("shape", "sizes of the axes"), .options("settings", "type", dtype), returns: .tensor("a new tensor"),
    example: ("return random.torch(7):rand(3)", "tensor({0.5349, 0.1988, 0.6592}, f32 [3])")
  ) { handle, shape, settings in
    let count = try count(shape)
    return try handle.draw { try settings[dtype] == .f32 ? Tensor($0.uniforms(count), shape: shape) : Tensor($0.uniformDoubles(count), shape: shape) }
  }

  private static let randint = Function(
    "randint", "Draws whole numbers from 0 up to a bound, itself left out, as torch.randint.", handle, .integer("bound", "one above the largest", in: 1...Int.max),
    .shape("shape", "sizes of the axes"), returns: .tensor("i64"), example: ("return random.torch(7):randint(10, 6)", "tensor({5, 2, 1, 6, 3, 7}, i64 [6])")
  ) { handle, bound, shape in
    let count = try count(shape)
    return try handle.draw { try Tensor($0.integers(below: bound, count: count), shape: shape) }
  }

  private static let randperm = Function(
    "randperm", "Draws the numbers from 0 to count - 1 in random order, as torch.randperm.", handle, .integer("count", "how many", in: 0...200_000_000),
    returns: .tensor("i64"), example: ("return random.torch(7):randperm(5)", "tensor({0, 1, 3, 2, 4}, i64 [5])")
  ) { handle, count in try handle.draw { try Tensor($0.permutation(count)) } }

  static let type = ObjectType(
    TorchGeneratorHandle.self, "A generator with PyTorch's bits; drawing uses it up.", methods: [randn, rand, randint, randperm],
    properties: [Property("seed", "The seed it was made with.", .integer("it")) { (g: TorchGeneratorHandle) in Int(Int64(bitPattern: g.generator.seed)) }],
    describe: { "TorchGenerator of seed \($0.generator.seed)" })
}
