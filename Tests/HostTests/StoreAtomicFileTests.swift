import Foundation
import Testing
@testable import Host

@Suite struct StoreAtomicFileTests {
    @Test func `a file appears with its bytes and nothing beside it`() throws {
        let folder = try TestFolder()
        try AtomicFile.write("old", to: folder.file("a.txt"))
        try AtomicFile.write(to: folder.file("a.txt")) { file in
            for piece in 0..<1000 { try file.write("\(piece)\n") }
        }
        #expect(try folder.read("a.txt") == (0..<1000).map { "\($0)\n" }.joined())
        #expect(try Folder.names(in: folder.path) == ["a.txt"])
    }

    @Test func `what the body throws leaves the old file and no temporary`() throws {
        struct Stop: Error {}
        let folder = try TestFolder()
        try folder.write("a.txt", "old")
        #expect(throws: Stop.self) {
            try AtomicFile.write(to: folder.file("a.txt")) { file in
                try file.write("half")
                throw Stop()
            }
        }
        #expect(try folder.read("a.txt") == "old")
        #expect(try Folder.names(in: folder.path) == ["a.txt"])
    }

    @Test func `mode is kept and a symbolic link is written through`() throws {
        let folder = try TestFolder()
        try folder.write("a.txt", "old")
        chmod(folder.file("a.txt"), 0o640)
        symlink("a.txt", folder.file("link"))
        try AtomicFile.write("new", to: folder.file("link"))
        var status = stat()
        lstat(folder.file("link"), &status)
        #expect(status.st_mode & S_IFMT == S_IFLNK)
        stat(folder.file("a.txt"), &status)
        #expect(status.st_mode & 0o777 == 0o640)
        #expect(try folder.read("a.txt") == "new")
    }

    @Test func `faults name path, reason and remedy`() throws {
        let folder = try TestFolder()
        func message(_ path: String) -> String {
            do { try AtomicFile.write("x", to: path) } catch { return "\(error)" }
            return "no error"
        }
        #expect(message(folder.path) == "could not write \(folder.path): it is a folder, not a file.")
        #expect(message(folder.file("no/a.txt"))
            == "could not write \(folder.file("no/a.txt")): the folder \(folder.file("no")) does not exist. Create it first.")
        try folder.write("plain", "")
        #expect(message(folder.file("plain/a.txt")).contains("a part of the path is a file, not a folder"))
        #expect(message("").contains("must not be empty"))
        if Folder.kind(of: "/dev/full") == .other {
            #expect(message("/dev/full")
                == "could not write /dev/full: the disk is full. Free some space (`df -h /dev` shows it) or choose a folder on another disk.")
        }
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everything")) func `a folder without permission is told plainly`() throws {
        let folder = try TestFolder()
        chmod(folder.path, 0o555)
        defer { chmod(folder.path, 0o755) }
        #expect { try AtomicFile.write("x", to: folder.file("a")) } throws: { "\($0)".contains("permission denied. Check the owner") }
    }

    @Test(.enabled(if: StoreProbe.isBuilt)) func `a file-size limit is an error, not a death, and the old file stays`() throws {
        let folder = try TestFolder()
        try folder.write("a.bin", "old")
        let probe = try StoreProbe.start(["limited", folder.file("a.bin")])
        let said = probe.wait()
        #expect(said.contains("larger than the limit for this process"))
        #expect(said.contains("The old file is untouched. Raise the limit (`ulimit -f unlimited`)"))
        #expect(try folder.read("a.bin") == "old")
        #expect(try Folder.names(in: folder.path) == ["a.bin"])
    }

    @Test(.enabled(if: TemporaryDisk.isPossible, "needs the right to mount")) func `a full and a read-only disk are told and harm nothing`() throws {
        let folder = try TestFolder()
        guard let disk = TemporaryDisk(at: folder.path) else { return }
        try folder.write("a.bin", "old")
        let large = [UInt8](repeating: 7, count: 2 << 20)
        #expect { try AtomicFile.write(large, to: folder.file("a.bin")) } throws: {
            "\($0)".contains("the disk is full. The old file is untouched. Free some space (`df -h \(folder.path)` shows it)")
        }
        #expect(try folder.read("a.bin") == "old")
        #expect(try Folder.names(in: folder.path) == ["a.bin"])
        let store = StageStore(root: folder.file("loam"), version: "1") { _ in }
        guard case .run(let work) = try store.open(store.key(name: "large", parts: [])) else { return }
        #expect { try AtomicFile.write(large, to: work.outputFolder + "/x") } throws: { "\($0)".contains("the disk is full") }
        work.abandon()
        disk.makeReadOnly()
        #expect { try AtomicFile.write("new", to: folder.file("a.bin")) } throws: { "\($0)".contains("the file system is read-only") }
        #expect { try AtomicFile.write("new", to: folder.file("b.bin")) } throws: { "\($0)".contains("the file system is read-only") }
        #expect { _ = try store.open(store.key(name: "other", parts: [])) } throws: {
            "\($0)".contains("stage \"other\" has no stored result") && "\($0)".contains("read-only")
        }
        #expect(try folder.read("a.bin") == "old")
    }

    @Test func `temporaries of dead processes are swept, those of living ones stay`() throws {
        let folder = try TestFolder()
        let dead = AtomicFile.temporaryPrefix + "4194303-1"
        let living = AtomicFile.temporaryPrefix + "1-1"
        for name in [dead, living] { _ = FileManager.default.createFile(atPath: folder.file(name), contents: Data("x".utf8)) }
        let writer = try AtomicFileWriter(path: folder.file("a.txt"))
        #expect(!(try Folder.names(in: folder.path)).contains(dead))
        AtomicFile.removeStaleTemporaries(in: folder.path)
        try writer.commit()
        #expect(try Folder.names(in: folder.path) == [living, "a.txt"])
    }

    @Test(.enabled(if: StoreProbe.isBuilt)) func `a writer killed at random moments leaves a whole file`() throws {
        let folder = try TestFolder()
        for round in 0..<15 {
            let probe = try StoreProbe.start(["rewrite", folder.file("a.bin")])
            _ = probe.firstOutput()
            usleep(UInt32(round * 1700))
            probe.kill()
            let bytes = try Folder.contents(folder.file("a.bin"))
            #expect(bytes.count == 300_000)
            #expect(Set(bytes).count == 1)
        }
        _ = AtomicFile.removeStaleTemporaries(in: folder.path)
        #expect(try Folder.names(in: folder.path) == ["a.bin"])
    }
}

/// A disk of 1 MB in memory.
final class TemporaryDisk {
    private let path: String
    static var isPossible: Bool {
        guard geteuid() == 0, Folder.kind(of: "/bin/mount") == .file, let folder = try? TestFolder() else { return false }
        return TemporaryDisk(at: folder.path) != nil
    }

    init?(at path: String) {
        self.path = path
        guard Self.run("/bin/mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path]) else { return nil }
    }

    func makeReadOnly() { _ = Self.run("/bin/mount", ["-o", "remount,ro", path]) }

    deinit { _ = Self.run("/bin/umount", ["-l", path]) }

    private static func run(_ program: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
