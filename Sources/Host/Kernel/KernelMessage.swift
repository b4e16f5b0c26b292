/// One message of the Jupyter protocol.
struct KernelMessage {
    /// Names the front end on a socket of many; a topic on the broadcast socket.
    var identities: [[UInt8]]
    let header: Header
    /// The header of the request that this answers, as the front end wrote it; `{}` if there is none.
    var parent: [UInt8]
    let content: StoreValue

    /// Who sends what.
    struct Header {
        let identifier: String
        let session: String
        let type: String
        /// As it travels, so that an answer gives it back unchanged.
        let json: [UInt8]
    }
}

extension KernelMessage.Header {
    /// The version of the protocol that the kernel speaks.
    static let protocolVersion = "5.4"

    /// A new header of the kernel's own.
    init(type: String, session: String, number: Int, user: String = "loam", date: String = Timestamp.now()) {
        identifier = "\(session)_\(number)"
        self.session = session
        self.type = type
        let value: StoreValue = [
            "msg_id": .string(identifier), "session": .string(session), "username": .string(user), "date": .string(date),
            "msg_type": .string(type), "version": .string(Self.protocolVersion),
        ]
        json = Array(value.plainJSON().utf8)
    }

    /// Reads a header; nil if it lacks what the protocol demands.
    init?(json: [UInt8]) {
        guard let value = try? StoreValue(json: json), let identifier = value["msg_id"]?.text, let type = value["msg_type"]?.text else { return nil }
        self.init(identifier: identifier, session: value["session"]?.text ?? "", type: type, json: json)
    }
}
