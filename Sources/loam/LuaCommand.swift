import Bindings
import Foundation
import class Host.Interrupt
import class Host.LuaState
import struct Host.Invocation
import struct Host.Program

/// What `loam` does where a user of `lua` expects `lua`.
enum LuaCommand {
  /// Runs and returns the exit status.
  static func run(_ words: [String]) throws -> Int32 {
    let invocation: Invocation
    do { invocation = try Invocation(words) } catch {
      FileHandle.standardError.write(Data("loam: \(error)\nloam --help lists what there is\n".utf8))
      return Program.Status.failure
    }
    if invocation.ignoresEnvironment {
      for name in ["LUA_PATH", "LUA_CPATH", "LUA_PATH_5_4", "LUA_CPATH_5_4"] { unsetenv(name) }
    }
    let state = try LuaState()
    // Lua does not check precompiled chunks, so they are not loaded unasked.
    if ProcessInfo.processInfo.environment["LOAM_BINARY_CHUNKS"] == "1" { state.allowBinaryChunks() }
    let options = SessionOptions(script: invocation.script, arguments: invocation.arguments)
    let session = try Loam.install(into: state, options: options, asGlobals: invocation.isTyped)
    try state.installHelp()
    if invocation.isStrict { try state.makeGlobalsStrict() }
    Interrupt.shared.handleControlC()
    let banner = "Loam \(Loam.version), Lua 5.4. help() lists the libraries, help(f) explains a function, Ctrl-D leaves."
    let status = Program(state, display: session.display, decode: Loam.pixels(ofPNG:)).run(invocation, banner: banner)
    try session.finish(status: status)
    return status
  }
}
