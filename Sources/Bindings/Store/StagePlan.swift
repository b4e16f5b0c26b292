import Host

/// Counts what a script would have to do, stage by stage, without doing it.
///
/// The script runs to its end with stand-ins for results; each kind of work is done once, a little of it, and timed.
public final class StagePlan {
  /// Work of one kind.
  private struct Work {
    var stages = 0
    var units = 0.0
    var images = 0.0
    var flops = 0.0
    var bytes = 0.0
    /// Measured here.
    let secondsPerUnit: Double
  }

  private var works: [String: Work] = [:]
  private var seen: Set<ContentHash> = []
  private var storedCount = 0

  public init() {}

  /// The result of a stage that exists, or the stand-in of one that does not, which is counted.
  ///
  /// - Throws: `LuaError` naming what the stage does not say of its cost.
  func result(_ key: StageKey, existing: StageResult?, cost: LuaTable?) throws -> StageResult {
    let isNew = seen.insert(key.hash).inserted
    if let existing {
      if isNew { storedCount += 1 }
      return existing
    }
    guard let cost else {
      throw LuaError("stage \"\(key.name)\" does not say what it costs, so it cannot be planned; give store.stage cost = {result = ..., units = ..., unit = ..., measure = ...}")
    }
    func number(_ name: String, default fallback: Double? = nil) throws -> Double {
      if let number = cost[name].asNumber { return number }
      guard let fallback, case .none = cost[name] else { throw LuaError("stage \"\(key.name)\": cost.\(name) should be a number, got a \(cost[name].typeName)") }
      return fallback
    }
    if isNew {
      guard let unit = cost["unit"].asString, case .function(let measure) = cost["measure"] else {
        throw LuaError("stage \"\(key.name)\": cost needs unit, a text, and measure, a function that does some units and returns how many")
      }
      var work = try works[unit] ?? Work(secondsPerUnit: seconds(unit, measure))
      work.stages += 1
      work.units += try number("units")
      work.images += try number("images", default: 0)
      work.flops += try number("flops", default: 0)
      work.bytes += try number("bytes", default: 0)
      works[unit] = work
    }
    return try StageResult.planned(key, value: try LuaConversion.stored(cost["result"], place: "cost.result of stage \"\(key.name)\""))
  }

  private func seconds(_ unit: String, _ measure: LuaFunction) throws -> Double {
    var done = 0.0
    let time = try ContinuousClock().measure { done = try measure.call().first?.asNumber ?? 0 }
    guard done > 0 else { throw LuaError("the measure of \"\(unit)\" should return how many units it did, a number above 0") }
    return time.seconds / done
  }

  /// One row for each kind of work, and the sum.
  public func table() throws -> Table {
    var table = try Table(
      caption: "What would be done; \(storedCount) stages are done already",
      columns: [
        .init("unit of work"), .init("stages"), .init("units", decimals: 0), .init("images", decimals: 0), .init("TFLOP", decimals: 1), .init("MB", decimals: 1),
        .init("s per unit here"), .init("hours", decimals: 2),
      ])
    var hours = 0.0, stages = 0, images = 0.0, flops = 0.0, bytes = 0.0
    for (unit, work) in works.sorted(by: { ($1.value.secondsPerUnit * $1.value.units, $0.key) < ($0.value.secondsPerUnit * $0.value.units, $1.key) }) {
      let time = work.units * work.secondsPerUnit / 3600
      try table.add([
        .text(unit), .integer(work.stages), .number(work.units), .number(work.images), .number(work.flops / 1e12), .number(work.bytes / 1e6),
        .number(work.secondsPerUnit), .number(time),
      ])
      (hours, stages, images, flops, bytes) = (hours + time, stages + work.stages, images + work.images, flops + work.flops, bytes + work.bytes)
    }
    try table.add([.text("all"), .integer(stages), .missing, .number(images), .number(flops / 1e12), .number(bytes / 1e6), .missing, .number(hours)])
    table.notes = ["Times are those of a few units of each kind, measured now on this machine."]
    return table
  }
}
