import Foundation
import Testing
@testable import Host

@Suite struct KernelWireTests {
    private func message(_ type: String = "execute_request", number: Int = 1) -> KernelMessage {
        let header = KernelMessage.Header(type: type, session: "s", number: number)
        return KernelMessage(identities: [[1, 2], []], header: header, parent: Array("{\"msg_id\":\"p\"}".utf8), content: ["code": "häß\n"])
    }

    @Test func `a message survives the wire`() throws {
        for key in ["secret", ""] {
            var wire = WireFormat(key: key)
            let read = try wire.message(wire.frames(message()))
            #expect(read.identities == [[1, 2], []])
            #expect(read.header.type == "execute_request" && read.header.identifier == "s_1")
            #expect(read.parent == Array("{\"msg_id\":\"p\"}".utf8))
            #expect(read.content["code"]?.text == "häß\n")
        }
    }

    // The four texts and their code were computed by Python's hmac.
    @Test func `the signature is the one that Python computes`() throws {
        var wire = WireFormat(key: "a0436f6c-1916-498b-8eb9-e81ab9368e84")
        let texts = [#"{"msg_id":"1","msg_type":"kernel_info_request"}"#, "{}", "{}", "{}"].map { Array($0.utf8) }
        let signature = Array("23d21ade63d42fc48bbe2721cd9045ceffb260c3521b7d246495f23adfca79a0".utf8)
        #expect(try wire.message([Array("<IDS|MSG>".utf8), signature] + texts).header.type == "kernel_info_request")
    }

    @Test func `what is wrongly signed, sent twice or no message is refused`() throws {
        var wire = WireFormat(key: "secret")
        let other = WireFormat(key: "other")
        #expect(throws: WireFormat.Fault.wrongSignature) { try wire.message(other.frames(message())) }
        let frames = wire.frames(message())
        _ = try wire.message(frames)
        #expect(throws: WireFormat.Fault.repeated) { try wire.message(frames) }
        for index in 4..<8 {
            var changed = wire.frames(message(number: 2))
            changed[index].append(32)
            #expect(throws: WireFormat.Fault.wrongSignature) { try wire.message(changed) }
        }
        #expect(throws: WireFormat.Fault.noDelimiter) { try wire.message([[0], [1, 2, 3]]) }
        #expect(throws: WireFormat.Fault.noDelimiter) { try wire.message([]) }
        #expect(throws: WireFormat.Fault.tooFewFrames) { try wire.message([Array("<IDS|MSG>".utf8), []]) }
    }

    @Test(arguments: ["", "[]", "{", "{\"msg_id\":1}", "nul", "\u{0}", "{\"msg_id\":\"a\"}", String(repeating: "[", count: 100_000)])
    func `a header that is none is refused`(text: String) {
        var wire = WireFormat(key: "")
        let frames = [Array("<IDS|MSG>".utf8), [], Array(text.utf8)] + Array(repeating: Array("{}".utf8), count: 3)
        #expect(throws: WireFormat.Fault.notJSON) { try wire.message(frames) }
    }

    @Test func `signatures are remembered in bounded room`() throws {
        var wire = WireFormat(key: "k")
        for number in 0..<(WireFormat.remembered + 10) { _ = try wire.message(wire.frames(message("x", number: number))) }
    }

    @Test func `a connection file is readable by its owner alone`() throws {
        let folder = NSTemporaryDirectory() + "/loam-connection-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/runtime/kernel.json"
        var connection = ConnectionFile()
        for (index, channel) in ConnectionFile.Channel.allCases.enumerated() { connection.ports[channel] = 5000 + index }
        try connection.write(to: path)
        try connection.write(to: path)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try ConnectionFile(reading: path) == connection)
        #expect(connection.key.count == 64 && connection.key != ConnectionFile().key)
        #expect(connection.endpoint(.shell) == "tcp://127.0.0.1:5000")
    }

    @Test(arguments: ["{}", "[", "{\"shell_port\": -1}", "{\"shell_port\": \"x\"}"]) func `a damaged connection file is a fault that names it`(text: String) throws {
        let path = NSTemporaryDirectory() + "/loam-connection-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        try AtomicFile.write(text, to: path)
        #expect(performing: { try ConnectionFile(reading: path) }, throws: { "\($0)".contains(path) })
    }

    @Test func `half a character waits for the rest`() {
        let bytes = Array("aé😀".utf8)
        #expect((0...bytes.count).map { OutputCapture.wholeCharacters(Array(bytes[..<$0])) } == [0, 1, 1, 3, 3, 3, 3, 7])
        #expect(OutputCapture.wholeCharacters([0x80, 0x80, 0x80, 0x80]) == 4)
    }

    @Test func `the kernel is installed where Jupyter looks`() throws {
        let folder = NSTemporaryDirectory() + "/loam-data-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let place = try KernelSpecification(executable: "/opt/loam").install(in: folder)
        let json = try StoreValue(json: try Folder.contents(place + "/kernel.json"))
        #expect(json["argv"]?[0]?.text == "/opt/loam" && json["argv"]?[4]?.text == "{connection_file}" && json["language"]?.text == "lua")
        #expect(KernelSpecification.userDataFolder { ["HOME": "/h"][$0] } == "/h/.local/share/jupyter")
        #expect(KernelSpecification.userDataFolder { ["HOME": "/h", "JUPYTER_DATA_DIR": "/d"][$0] } == "/d")
    }
}
