import CEditLine
import CLua
import GRDB

/// Versions of the libraries that this module stands on, as they say themselves at run time.
public enum HostLibraryVersions {
    public static var all: [(name: String, version: String)] {
        let sqlite = try? DatabaseQueue().read { try String.fetchOne($0, sql: "SELECT sqlite_version()") }
        return [
            ("Lua", String(cString: loam_lua_release())), ("SQLite", (sqlite ?? nil) ?? "unknown"),
            ("libedit", String(cString: loam_editline_version())),
        ]
    }
}
