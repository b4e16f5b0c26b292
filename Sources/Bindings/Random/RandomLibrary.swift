import Host
import ML

/// A random stream in Lua's hands; drawing moves it on.
final class StreamHandle: LuaObject {
  static let luaName = "Stream"
  var stream: RandomStream

  init(_ stream: RandomStream) { self.stream = stream }
}

/// The module loam.random.
enum RandomLibrary {
  private static let purpose = Argument.optional(.string("purpose", "what the numbers are for; streams of different purposes are independent"))
  private static let index = Argument.integer("index", "which item of that purpose", default: 0)

  private static let stream = Function(
    "stream", "Makes a stream of random numbers. The numbers depend on seed, purpose and index only.", .integer("seed", "the experiment's seed"),
    .options("settings", "which stream of that seed", purpose, index), returns: .object("a new stream", StreamHandle.self),
    source: "Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3 (Philox 4x32-10)",
    example: ("return random.stream(1, {purpose = \"crops\", index = 3}):uniform()", "0.6834369301796")
  ) { seed, settings in
    let bits = UInt64(bitPattern: Int64(seed))
    let number = UInt64(bitPattern: Int64(settings[index]))
    guard let purpose = settings[purpose] else { return StreamHandle(RandomStream(seed: bits, stream: number)) }
    return StreamHandle(RandomStream(seed: bits, purpose: purpose, index: number))
  }

  private static func seed(_ session: ScriptSession) -> Function {
    Function(
      "seed", "Starts the script's own stream afresh; functions that are given no stream draw from it.", .integer("seed", "the seed"),
      returns: .none, example: ("random.seed(3)\nlocal a = tensor.normal(2)\nrandom.seed(3)\nreturn tensor.same(a, tensor.normal(2))", "true")
    ) { seed in session.defaultStream.stream = RandomStream(seed: UInt64(bitPattern: Int64(seed)), purpose: "script") }
  }

  private static let uniform = Function(
    "uniform", "Draws a number from [lower, upper).", .object("self", "the stream", StreamHandle.self),
    .number("lower", "smallest value", default: 0), .number("upper", "bound above", default: 1), returns: .number("the number"),
    example: ("return random.stream(1):uniform(10, 20)", "18.902591705322")
  ) { handle, lower, upper in Double(handle.stream.uniform(Float(lower), Float(upper))) }

  private static let normal = Function(
    "normal", "Draws a standard normal number.", .object("self", "the stream", StreamHandle.self), returns: .number("the number"),
    example: ("return random.stream(1):normal()", "0.38040074706078")
  ) { handle in Double(handle.stream.normal()) }

  private static let integer = Function(
    "integer", "Draws a whole number from 1 to a bound, each equally likely.", .object("self", "the stream", StreamHandle.self),
    .integer("bound", "the largest", in: 1...Int(UInt32.max)), returns: .integer("the number"),
    example: ("return random.stream(1):integer(6)", "5")
  ) { handle, bound in handle.stream.integer(below: bound) + 1 }

  private static let chance = Function(
    "chance", "Is true with a given probability.", .object("self", "the stream", StreamHandle.self), .number("probability", "from 0 to 1"),
    returns: .boolean("the outcome"), example: ("return random.stream(1):chance(0.5)", "false")
  ) { handle, probability in handle.stream.chance(Float(probability)) }

  private static let permutation = Function(
    "permutation", "Gives the numbers from 1 to a count in random order.", .object("self", "the stream", StreamHandle.self),
    .integer("count", "how many", in: 0...Int(UInt32.max)), returns: .list(of: .integer("the numbers")),
    example: ("return random.stream(1):permutation(5)", "{4, 2, 5, 1, 3}")
  ) { handle, count in handle.stream.permutation(count).map(luaPosition) }

  private static let type = ObjectType(
    StreamHandle.self, "A stream of random numbers; each draw moves it on.", methods: [uniform, normal, integer, chance, permutation],
    properties: [
      Property("position", "How many 32-bit words were drawn.", .integer("it"), .integer("value", "the new position", in: 0...Int.max),
               get: { (s: StreamHandle) in Int(s.stream.position) }, set: { s, value in s.stream.position = UInt64(value) }),
      Property("seed", "The seed it was made with.", .integer("it")) { (s: StreamHandle) in Int(Int64(bitPattern: s.stream.seed)) },
    ], describe: { "Stream of seed \($0.stream.seed) at position \($0.stream.position)" })

  static func library(_ session: ScriptSession) -> Library {
    Library("random", "Random numbers that reproduce on any machine, with any number of threads.", functions: [stream, seed(session), TorchLibrary.make],
            types: [type, TorchLibrary.type])
  }
}
