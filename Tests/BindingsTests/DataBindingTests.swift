import Foundation
import Host
import ML
import Testing

@testable import Bindings

extension BindingsTests {
  @Suite(.serialized) struct DataBindingTests {
    @Test func `a data set's digest depends on pixels, captions, groups and labels`() throws {
      let image = try Image(width: 8, height: 8, pixels: [UInt8](repeating: 3, count: 192))
      var other = image
      other.pixels[5] = 4
      let base = Dataset(images: [image, image], captions: [["a"], ["b"]], groups: [0, 1], labels: [0, 1], classNames: ["x", "y"], source: "one")
      let same = Dataset(images: [image, image], captions: [["a"], ["b"]], groups: [0, 1], labels: [0, 1], classNames: ["x", "y"], source: "two")
      #expect(try base.digest == same.digest)
      let changed = [
        Dataset(images: [image, other], captions: [["a"], ["b"]], groups: [0, 1], labels: [0, 1], classNames: ["x", "y"], source: "one"),
        Dataset(images: [image, image], captions: [["a"], ["c"]], groups: [0, 1], labels: [0, 1], classNames: ["x", "y"], source: "one"),
        Dataset(images: [image, image], captions: [["a"], ["b"]], groups: [0, 0], labels: [0, 1], classNames: ["x", "y"], source: "one"),
        Dataset(images: [image, image], captions: [["a"], ["b"]], groups: [0, 1], labels: [0, 0], classNames: ["x", "y"], source: "one"),
      ]
      #expect(try Set(changed.map { try $0.digest }).union([base.digest]).count == 5)
    }

    @Test func `pictures of one caption share its words`() throws {
      let bench = try Workbench()
      #expect(bench.show("""
        local d = data.scenes{count = 12, size = 16, images_per_caption = 4}
        return d.group_count, d:captions(1)[1] == d:captions(4)[1], d:png(1) == d:png(2), #d:all_captions(), d:take(6).group_count
        """) == "3\ttrue\tfalse\t3\t2")
    }

    @Test func `dropped data sets are collected while a loop makes more`() throws {
      let bench = try Workbench()
      _ = bench.show("d = data.scenes{count = 400, size = 64}")
      // 4.9 MB each, 2 GB in all; the pixels are shared by copies, so only the count can tell.
      _ = bench.show("for i = 1, 400 do local e = d:select{1, 2, 3}; local f = d:take(400) end")
      #expect(bench.state.externalMemory.collections > 5)
      _ = bench.show("d = nil")
      bench.state.collectGarbage()
      #expect(bench.state.externalMemory.liveBytes() == MemoryPool.usage.live)
    }

    @Test func `a corrupt picture in a shard is left out and named`() throws {
      let bench = try Workbench()
      let folder = bench.folder + "/shards"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let writer = try ShardWriter(prefix: folder + "/train")
      let good = try PNG.encode(try Image(width: 40, height: 20, pixels: [UInt8](repeating: 9, count: 2400)))
      try writer.add(key: "a", fields: [("png", good), ("txt", Array("grey".utf8))])
      try writer.add(key: "b", fields: [("jpg", [0xFF, 0xD8, 0xFF, 1, 2, 3]), ("txt", Array("broken".utf8))])
      try writer.add(key: "c", fields: [("png", good), ("txt", Array("also grey".utf8))])
      try writer.finish()
      let shown = bench.show("local d = data.load('\(folder)', {size = 16})\nreturn #d, d.size, d:captions(2)[1], #d.skipped, d.skipped[1].source:match('b%.jpg')")
      #expect(shown == "2\t16\talso grey\t1\tb.jpg")
    }

    @Test func `a shard cut short is an error that names the file`() throws {
      let bench = try Workbench()
      let shown = bench.show("""
        local d = data.scenes{count = 3, size = 16}
        d:save_shards("\(bench.folder)/set")
        local path = "\(bench.folder)/set/shard-000000.tar"
        local f = io.open(path, "rb"); local bytes = f:read("a"); f:close()
        f = io.open(path, "wb"); f:write(bytes:sub(1, 2000)):close()
        return data.load("\(bench.folder)/set")
        """)
      #expect(shown.hasPrefix("error: test:6: \(bench.folder)/set/shard-000000.tar"), "\(shown)")
    }

    @Test func `a set that is read on demand teaches and judges as one in memory`() throws {
      let bench = try Workbench()
      let shown = bench.show("""
        local d = data.scenes{count = 12, size = 16, images_per_caption = 3}
        d:save_shards("\(bench.folder)/set")
        local now, later = data.load("\(bench.folder)/set"), data.load("\(bench.folder)/set", {on_demand = true})
        local function train(set)
          return encoder.train{objective = "stablerep+", data = set, steps = 2, crops = 6, images_per_caption = 3, size = 16, width = 16, depth = 1, heads = 2}
        end
        local a, b = train(now), train(later)
        local same = (a:features(now) - b:features(later)):abs():sum():item()
        return later, same, later:png(5) == now:png(5), later.digest == now.digest, later:take(2).digest == data.load("\(bench.folder)/set", {on_demand = true, limit = 2}).digest
        """)
      #expect(shown == "Dataset of 12 pictures, 16 x 16, 4 captions, read on demand: \(bench.folder)/set\t0.0\ttrue\tfalse\ttrue")
    }

    @Test func `pictures of one caption belong together across shards and folders`() throws {
      let bench = try Workbench()
      let shown = bench.show("""
        local d = data.scenes{count = 12, size = 16, images_per_caption = 3}
        d:take(6):save_shard("\(bench.folder)/a-0.tar", {first_group = 0})
        d:select{7, 8, 9, 10, 11, 12}:save_shard("\(bench.folder)/a-1.tar", {first = 6, first_group = 2})
        local set = data.load({"\(bench.folder)/a-0.tar", "\(bench.folder)/a-1.tar"}, {size = 16, on_demand = true})
        local groups = {}
        for k = 1, #set do groups[k] = set:group(k) end
        return #set, set.group_count, groups[3], groups[4], groups[12], set:png(8) == d:png(8)
        """)
      #expect(shown.hasPrefix("12\t4\t1\t2\t4\t"), "\(shown)")
      // As the official code lays them out: one folder for each seed, the same names in all.
      for seed in [1, 2] {
        let folder = bench.folder + "/ddim_2_seed_\(seed)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (number, caption) in ["a red star", "a blue ring", "a red star"].enumerated() {
          let image = try Image(width: 16, height: 16, pixels: [UInt8](repeating: UInt8(40 * seed + number), count: 768))
          try ImageFile.write(image, to: folder + "/\(number).png")
          try caption.write(toFile: folder + "/\(number).txt", atomically: true, encoding: .utf8)
        }
      }
      #expect(bench.show("""
        local set = data.load({"\(bench.folder)/ddim_2_seed_1", "\(bench.folder)/ddim_2_seed_2/"}, {size = 16})
        local groups = {}
        for k = 1, #set do groups[k] = set:group(k) end
        return table.concat(groups, " "), set:all_captions()
        """) == "1 2 3 1 2 3\t{\"a red star\", \"a blue ring\", \"a red star\"}")
      #expect(bench.show("return data.load({})").contains("a list of paths is of captioned pictures, and not empty"))
    }

    /// Three plain pictures, a.png to c.png, and a list that speaks of them.
    private static func list(_ text: String, named name: String = "list.csv", in folder: String) throws {
      try FileManager.default.createDirectory(atPath: folder + "/pictures", withIntermediateDirectories: true)
      for (number, letter) in ["a", "b", "c"].enumerated() {
        try ImageFile.write(try Image(width: 16, height: 16, pixels: [UInt8](repeating: UInt8(40 * number), count: 768)), to: "\(folder)/pictures/\(letter).png")
      }
      try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    }

    @Test(arguments: [false, true]) func `a list of pictures gives captions and classes, rows of one picture are its wordings`(_ isOnDemand: Bool) throws {
      let bench = try Workbench()
      try Self.list("""
        filepath,title,label,split
        pictures/a.png,"a red, round thing",ring,train
        pictures/b.png,a "star",star,train
        pictures/a.png,a ring,ring,train
        pictures/gone.png,nothing,star,train
        pictures/c.png,late,ring,test

        """, in: bench.folder)
      let shown = bench.show("""
        local set = data.load("\(bench.folder)/list.csv", {size = 16, on_demand = \(isOnDemand)})
        local train = data.load("\(bench.folder)/list.csv", {size = 16, split = "train", kind = "labelled"})
        local captioned = data.load("\(bench.folder)/list.csv", {size = 16, kind = "captioned", limit = 2})
        return #set, set:captions(1), set:captions(2)[1], set.classes, set:label(1), set:label(2), set:label(3), set.skipped[1].source:match("gone"),
          set.skipped[1].reason, #train, #captioned, captioned:label(1), ("%.1f"):format(set:tensor()[2][1][1][1] * 255)
        """)
      #expect(shown == "3\t{\"a red, round thing\", \"a ring\"}\ta \"star\"\t{\"ring\", \"star\"}\t0\t1\t0\tgone\tthere is no such file\t2\t2\tnil\t40.0")
    }

    @Test func `columns of a list can be named, numbers are their own classes, and tabs separate a .tsv`() throws {
      let bench = try Workbench()
      try Self.list("where\twhat\tnumber\npictures/c.png\tthe first, or so\t2\npictures/b.png\t\t0\n", named: "list.tsv", in: bench.folder)
      let columns = "picture_column = 'where', caption_column = 'what', label_column = 'number'"
      #expect(bench.show("local set = data.load('\(bench.folder)/list.tsv', {\(columns)})\nreturn #set, set.classes, set:label(1), set:captions(1)[1], #set:captions(2)")
        == "2\t{\"0\", \"1\", \"2\"}\t2\tthe first, or so\t0")
    }

    @Test func `what a list lacks is told with the line or the columns there are`() throws {
      let bench = try Workbench()
      let path = bench.folder + "/list.csv"
      func problem(_ text: String, _ options: String = "{}") throws -> String {
        try Self.list(text, in: bench.folder)
        return bench.show("return data.load('\(path)', \(options))").replacing(path, with: "LIST").replacing(bench.folder, with: "FOLDER")
      }
      #expect(try problem("").contains("LIST is empty: a first line with the names of columns was expected"))
      #expect(try problem("a,b\n1,2\n").contains("LIST has no column for pictures (filepath, file_name, filename, path, image, picture); its columns are: a, b. Name it with picture_column"))
      #expect(try problem("a,b\n1,2\n", "{picture_column = 'c'}").contains("LIST has no column \"c\"; its columns are: a, b"))
      #expect(try problem("path,text\npictures/a.png\n").contains("LIST, line 2: 2 fields were expected, as in the first line, 1 came"))
      #expect(try problem("path,text\npictures/a.png,\n", "{kind = 'captioned'}").contains("LIST, line 2: FOLDER/pictures/a.png has no caption"))
      #expect(try problem("path,text\npictures/a.png,x\n", "{kind = 'labelled'}").contains("LIST has no column for classes (label, class)"))
      #expect(try problem("path,label\npictures/a.png,x\npictures/a.png,y\n").contains("LIST, line 3: FOLDER/pictures/a.png is \"y\" here and \"x\" on line 2"))
      #expect(try problem("path\nnone.png\n").contains("no picture of the list could be read; the first reason: FOLDER/none.png: there is no such file"))
      #expect(try problem("path,text\n", "{}").contains("LIST lists no pictures"))
      #expect(try problem("path,split\npictures/a.png,train\n", "{split = 'test'}").contains("LIST lists no pictures of the split 'test'"))
      #expect(try problem("path,path\na,b\n").contains("LIST has two columns \"path\"; give each a name of its own"))
      #expect(bench.show("return data.load({'\(path)', '\(path)'})").contains("is a list of pictures: load it by itself"))
      #expect(bench.show("data.scenes{count = 2, size = 16}:save_shards('\(bench.folder)/set')\nreturn data.load('\(bench.folder)/set', {label_column = 'x'})").contains("has no columns"))
      #expect(bench.show("return data.load('\(bench.folder)/pictures', {label_column = 'x'})").contains("only a list of pictures, a .csv or .tsv file, has them"))
    }

    @Test func `saving again leaves no shards of the set before`() throws {
      let bench = try Workbench()
      #expect(bench.show("""
        data.scenes{count = 5, size = 16}:save_shards("\(bench.folder)/set")
        local d = data.scenes{count = 2, size = 16, seed = 4}
        d:save_shards("\(bench.folder)/set")
        local e = data.load("\(bench.folder)/set")
        return #e, e.digest == d.digest
        """) == "2\ttrue")
    }

    @Test func `a probe needs an encoder for data sets and says so`() throws {
      let bench = try Workbench()
      let shown = bench.show("""
        local t = data.probe("count", {size = 16, train = 8, validation = 8, test = 8})
        return eval.linear_probe{train = t.train, validation = t.validation, test = t.test}
        """)
      #expect(shown == "error: test:2: bad argument to 'linear_probe' (train is a Dataset, so an encoder is needed to make its features: give encoder = ...)")
    }

    @Test func `a report opens without a network and holds its pictures`() throws {
      let bench = try Workbench()
      let shown = bench.show("""
        local d = data.scenes{count = 2, size = 16}
        local r = report.new("Trial", {subtitle = "smoke"}):heading("Pictures"):images{images = {{d:png(1), {png = d:png(2), caption = "<two>"}}}, caption = "c"}
        return r:html()
        """)
      #expect(shown.contains("data:image/png;base64,") && shown.contains("&lt;two&gt;") && !shown.contains("http://") && !shown.contains("https://"))
    }
  }
}
