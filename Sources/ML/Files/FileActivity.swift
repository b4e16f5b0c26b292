/// Who wants to know which files are read and written here; nobody unless somebody asks.
public enum FileActivity {
  /// Called with a path before it is opened, and whether the file is going to be written; from any thread.
  nonisolated(unsafe) public static var listener: (@Sendable (_ path: String, _ writes: Bool) -> Void)?
}
