/// A document between pandoc's reader and its writers, made harmless: nothing in it is active, leaves the project, or needs a network.
struct PandocDocument {
    /// Finds a picture that the document names; nil when it may not be shown.
    let picture: (String) -> (bytes: [UInt8], type: String)?
    /// Whether pictures are put into the document, for HTML; else their names stay.
    let embeds: Bool

    private static let schemes = ["http:", "https:", "mailto:"]
    private static let attributes: Set<String> = ["width", "height", "alt", "start"]

    /// The tree with raw parts shown as text, foreign attributes dropped, links only to web pages and places of the document, and pictures embedded.
    func sanitised(_ tree: StoreValue) -> StoreValue {
        switch tree {
        case .list(let values):
            if let attributes = Self.attributes(values) { return attributes }
            return .list(values.map(sanitised))
        case .table(let entries):
            guard let kind = tree["t"]?.text else { return .table(entries.map { StoreEntry($0.key, sanitised($0.value)) }) }
            let content = tree["c"]
            switch kind {
            case "RawBlock": return ["t": "CodeBlock", "c": [["", [], []], content?[1] ?? ""]]
            case "RawInline": return ["t": "Code", "c": [["", [], []], content?[1] ?? ""]]
            case "Link": return link(content)
            case "Image": return image(content)
            default: return .table(entries.map { StoreEntry($0.key, sanitised($0.value)) })
            }
        default: return tree
        }
    }

    /// An attribute triple (id, classes, pairs) with the harmless pairs; nil if the list is something else.
    private static func attributes(_ values: [StoreValue]) -> StoreValue? {
        guard values.count == 3, let id = values[0].text, case .list(let classes) = values[1], case .list(let pairs) = values[2],
              classes.allSatisfy({ $0.text != nil }), pairs.allSatisfy({ $0[0]?.text != nil && $0[1]?.text != nil && $0[2] == nil }) else { return nil }
        return .list([.string(id), values[1], .list(pairs.filter { Self.attributes.contains($0[0]?.text ?? "") })])
    }

    private func link(_ content: StoreValue?) -> StoreValue {
        let text = sanitised(content?[1] ?? .list([]))
        // Browsers ignore control characters and spaces inside a scheme.
        let target = String(String.UnicodeScalarView((content?[2]?[0]?.text ?? "").unicodeScalars.filter { $0.value > 32 && $0.value != 127 }))
        let lower = target.lowercased()
        let hasScheme = lower.prefix { $0 != "/" && $0 != "#" && $0 != "?" }.contains(":")
        guard lower.hasPrefix("#") || Self.schemes.contains(where: lower.hasPrefix) || !hasScheme && !lower.hasPrefix("/") && !lower.contains("..") else {
            return ["t": "Span", "c": [["", [], []], text]]
        }
        return ["t": "Link", "c": [sanitised(content?[0] ?? ["", [], []]), text, [.string(target), content?[2]?[1] ?? ""]]]
    }

    private func image(_ content: StoreValue?) -> StoreValue {
        let text = sanitised(content?[1] ?? .list([]))
        let name = content?[2]?[0]?.text ?? ""
        guard let found = picture(name) else { return ["t": "Span", "c": [["", [], []], text]] }
        let target = embeds ? "data:\(found.type);base64,\(Base64.encode(found.bytes))" : name
        return ["t": "Image", "c": [sanitised(content?[0] ?? ["", [], []]), text, [.string(target), content?[2]?[1] ?? ""]]]
    }

    /// A picture by a path below one of some folders, or inside the document itself.
    ///
    /// - Parameters:
    ///   - made: files that were made for the document, by path.
    ///   - folder: where the notebook lies; only pictures below it are read, links out of it are not followed.
    static func picture(_ name: String, made: [String: [UInt8]], folder: String) -> (bytes: [UInt8], type: String)? {
        if name.hasPrefix("data:") {
            for type in ["image/png", "image/jpeg", "image/gif"] where name.hasPrefix("data:\(type);base64,") {
                return Base64.decode(String(name.dropFirst(13 + type.count))).map { ($0, type) }
            }
            return nil
        }
        let types = ["png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "svg": "image/svg+xml", "pdf": "application/pdf"]
        let path = name.replacing("%20", with: " ")
        guard let type = types[path.split(separator: ".").last.map { $0.lowercased() } ?? ""] else { return nil }
        if let bytes = made[path] { return (bytes, type) }
        guard !path.contains(":"), !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else { return nil }
        guard let inside = Folder.resolved(folder), let real = Folder.resolved(folder + "/" + path), real.hasPrefix(inside + "/") else { return nil }
        return (try? Folder.contents(real)).map { ($0, type) }
    }
}
