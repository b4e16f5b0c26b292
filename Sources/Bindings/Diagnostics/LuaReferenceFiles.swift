import Host

/// Writes the reference of all Lua functions: Markdown for people, LuaCATS stubs for editors.
public enum LuaReferenceFiles {
  /// - Parameter folder: made when absent; one `.md` and one `.lua` file for each library.
  public static func write(to folder: String) throws {
    try Folder.create(folder)
    let libraries = Loam.libraries(ScriptSession())
    for library in libraries {
      try AtomicFile.write(MarkdownReference().text(library), to: "\(folder)/\(library.name).md")
      try AtomicFile.write(EditorStubs().text(library), to: "\(folder)/\(library.name).lua")
    }
    try AtomicFile.write(EditorStubs().rootText(libraries), to: "\(folder)/loam.lua")
  }
}
