import Foundation
import Host
import ML
import Testing

@testable import Bindings

/// A state with all libraries as globals, on the thread of the test, and a store of its own.
final class Workbench {
  let state: LuaState
  let interrupt = Interrupt()
  let session: ScriptSession
  let folder = NSTemporaryDirectory() + "/loam-bindings-" + UUID().uuidString

  init(arguments: [String] = [], preset: String? = nil, seed: Int? = nil, script: String? = nil) throws {
    state = try LuaState(interrupt: interrupt)
    let options = SessionOptions(script: script, preset: preset, seed: seed, arguments: arguments, storeFolder: folder)
    session = try Loam.install(into: state, options: options, asGlobals: true)
    session.store.announce = { _ in }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// What code returns, as the REPL shows it; the message of an error.
  func show(_ code: String) -> String {
    do { return ValuePrinter(state).line(try state.run(code, chunkName: "=test")) } catch { return "error: \(error)" }
  }

  func number(_ code: String) throws -> Double {
    guard let number = try state.run(code, chunkName: "=test").first?.asNumber else { throw LuaError("a number was expected of: \(code)") }
    return number
  }
}

/// All tests of the bindings, one at a time: tensor memory and threads belong to the process.
@Suite(.serialized) enum BindingsTests {}

extension BindingsTests {
  @Suite(.serialized) struct DeclarationTests {
    @Test func `declarations have docs, examples and proper names`() {
      #expect(DeclarationValidator().problems(in: Loam.libraries(ScriptSession())) == [])
    }

    @Test func `every example prints what its declaration says`() throws {
      let folder = NSTemporaryDirectory() + "/loam-examples-" + UUID().uuidString
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let session = ScriptSession(options: SessionOptions(storeFolder: folder), interrupt: Interrupt())
      session.store.announce = { _ in }
      let tests = Doctests {
        let state = try LuaState(interrupt: Interrupt())
        Loam.prepare(state)
        return state
      }
      let failures = try tests.failures(in: Loam.libraries(session))
      #expect(failures.isEmpty, "\(failures.map(\.description).joined(separator: "\n\n"))")
    }

    @Test func `stubs and reference mention every function`() {
      for library in Loam.libraries(ScriptSession()) {
        let stub = EditorStubs().text(library)
        let reference = MarkdownReference().text(library)
        for function in library.functions {
          #expect(stub.contains("function \(library.name).\(function.name)("))
          #expect(reference.contains("\(library.name).\(function.name)("))
        }
      }
    }
  }
}
