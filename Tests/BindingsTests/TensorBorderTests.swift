import Foundation
import Host
import ML
import Testing

@testable import Bindings

extension BindingsTests {
  @Suite(.serialized) struct TensorBorderTests {
    @Test(arguments: [
      ("local x = tensor{1, 2}\n\nreturn x + tensor{1, 2, 3}", "test:3: add: shapes [2] and [3] do not fit; axes are matched from the last and must be equal or one"),
      ("return tensor.zeros{2}[3]", "test:1: position 3 lies outside axis 1 of a tensor of shape [2]"),
      ("return tensor.zeros{2, 2}:sum(3)", "test:1: bad argument to 'sum' (axis 3 of a tensor of rank 2: 1 to 2, or -2 to -1 from the end, expected)"),
      ("return tensor.zeros({2}, {dtyp = 'f64'})", "test:1: unknown option 'dtyp' to 'zeros'; did you mean 'dtype'?"),
      ("return tensor.zeroes{2}", "test:1: the module 'tensor' has no 'zeroes'; did you mean 'zeros'?"),
      ("return tensor{{1, 2}, {3}}", "test:1: bad argument #2 'values' to 'tensor' (2 elements expected at depth 2, got a list of 1: all lists of one depth must have the same length)"),
      ("return tensor{1}:track():backward()[tensor{1}]", "test:1: this tensor is not tracked, so it has no gradient; use the tensor that track() returned"),
      ("local x = tensor{1, 2}:track(); x[1] = 3", "test:1: a tracked tensor cannot be changed in place, since gradients may need its numbers; change it before track(), or a copy()"),
      ("return tensor{1, 2}:backward()", "test:1: backward: expected a loss of one element, got shape [2]; reduce it with sum or mean first"),
      ("return tensor.zeros{-1}", "test:1: full: got shape [-1], expected sizes of zero or more"),
      ("return tensor{1.5}:cast('i64'):mean()", "test:1: mean: got a tensor of type i64, expected a type with fractions; convert it with cast"),
      ("return tensor{7}:cast('u8') + 300", "test:1: bad argument to 'add' (300 does not fit into u8; cast the tensor to i64 first)"),
      ("return tensor{1} & tensor{2}", "test:1: and: got a tensor of type f32, expected flags or whole numbers; convert it with cast"),
      ("return tensor{1}:cast('i64') // 0", "test:1: floorDivide: whole numbers cannot be divided by zero"),
      ("return tensor.zeros{2, 3}[{':', {2, 5}}]", "test:1: the range's end 5 lies outside axis 2 of a tensor of shape [2, 3]"),
      ("return tensor.zeros{2, 3}[{1, 'two'}]", "test:1: a range of an index is \"first:last\" or \"first:last:step\" with any of them left out, got \"two\""),
      ("return tensor.zeros{2, 3}[tensor{1.5}]", "test:1: bad argument to 'get' (positions must be whole numbers, got f32; cast them to i64)"),
      ("return tensor.zeros{2}:topk(3)", "test:1: topK: 3 elements do not exist in an axis of 2"),
      ("return tensor.einsum('ij,jk->ik', tensor.zeros{2, 3}, tensor.zeros{2, 3})", "test:1: einsum: index 'j' of ij,jk->ik has sizes 3 and 2"),
      ("return random.stream(1):integer(0)", "test:1: bad argument #1 'bound' to 'integer' (bound must be from 1 to 4294967295, got 0)"),
      ("return loss.cross_entropy(tensor.zeros{2, 3}, {0, 3})", "test:1: crossEntropy: index 3 lies outside an axis of 3 elements"),
    ])
    func `an error names the caller's line, what came and what was expected`(code: String, message: String) throws {
      let bench = try Workbench()
      let shown = bench.show(code)
      #expect(shown.hasPrefix("error: " + message), "\(shown)")
    }

    @Test func `the module can be called like a function`() throws {
      let bench = try Workbench()
      #expect(bench.show("return tensor{{1, 2}, {3, 4}}:sum():item()") == "10.0")
      #expect(bench.show("return require('loam').tensor{5}[1]") == "5.0")
      #expect(bench.show("return require('loam').version") == Loam.version)
    }

    @Test func `long tensors show their edges only`() throws {
      let bench = try Workbench()
      #expect(bench.show("return tensor.arange(0, 100)") == "tensor({ 0,  1,  2, ..., 97, 98, 99}, f32 [100])")
      #expect(bench.show("return tensor.zeros{20, 30}").split(separator: "\n").count == 7)
      #expect(bench.show("return tensor.zeros{0, 3}") == "tensor({}, f32 [0, 3])")
      #expect(bench.show("return tensor{1e10, 0.5, 0/0, -math.huge}") == "tensor({1.0000e+10, 5.0000e-01,        nan,       -inf}, f32 [4])")
    }

    @Test func `assignment changes the elements that views share`() throws {
      let bench = try Workbench()
      #expect(bench.show("local x = tensor.zeros{2, 3}; local row = x[2]; row[-1] = 7; x[1] = tensor{1, 2, 3}; return x:totable()") == "{{1.0, 2.0, 3.0}, {0.0, 0.0, 7.0}}")
    }

    @Test func `an index takes positions, ranges, flags and tensors of positions, for reading and for writing`() throws {
      let bench = try Workbench()
      let x = "local x = tensor.arange(0, 24):reshape{2, 3, 4}; "
      #expect(bench.show(x + "return x[{2, {1, 3, 2}, -1}]:totable()") == "{15.0, 23.0}")
      #expect(bench.show(x + "return x[{'...', '::3'}].shape, x[{':', 1}].shape, x[{{2, 2}}].shape, x[{{3, 2}}].shape") == "{2, 3, 2}\t{2, 4}\t{1, 3, 4}\t{0, 3, 4}")
      #expect(bench.show(x + "return x[x:gt(21)]:totable(), x[{1, tensor{3, 1}:cast('i64'), 2}]:totable()") == "{22.0, 23.0}\t{9.0, 1.0}")
      #expect(bench.show(x + "x[{':', {1, 2}, ':'}] = 0; x[x:ge(20)] = -1; return x:sum():item()") == "34.0")
      #expect(bench.show("local x = tensor.zeros{3, 2}; x[tensor{3, 1}:cast('i64')] = tensor{{1, 2}, {3, 4}}; return x:totable()") == "{{3.0, 4.0}, {0.0, 0.0}, {1.0, 2.0}}")
    }

    @Test func `Lua's integers keep whole numbers whole and its floats do not`() throws {
      let bench = try Workbench()
      #expect(bench.show("local x = tensor{7, -7}:cast('i64'); return (x + 1).dtype, (x + 1.0).dtype, (x / 2).dtype, (x // 2):totable(), (x % 3):totable()")
        == "i64\tf32\tf32\t{3, -4}\t{1, 2}")
      #expect(bench.show("return (tensor{1}:cast('f16') * tensor{2}:cast('bf16')).dtype, (tensor{1}:gt(0) + 1).dtype, (2 ^ tensor{3}:cast('i64')):totable()") == "f32\ti64\t{8}")
    }

    @Test func `live bytes return to what they were after a collection`() throws {
      let bench = try Workbench()
      bench.state.collectGarbage()
      let before = try bench.number("return tensor.memory().live")
      _ = try bench.state.run("""
        kept = {}
        for i = 1, 50 do
          local x = tensor.normal({64, 64}):track()
          kept[i] = (x:matmul(x):gelu():sum() * 2):backward()[x]
        end
        """)
      #expect(try bench.number("return tensor.memory().live") >= before + 50 * 64 * 64 * 4)
      _ = try bench.state.run("kept = nil")
      bench.state.collectGarbage()
      #expect(try bench.number("return tensor.memory().live") == before)
    }

    @Test func `dropped tensors are collected while a loop allocates`() throws {
      let bench = try Workbench()
      let start = MemoryPool.usage.live
      MemoryPool.resetPeak()
      // 40 GB in all; Lua itself sees a few hundred bytes.
      _ = try bench.state.run("for i = 1, 2500 do local x = tensor.zeros{4000, 1000} end")
      #expect(MemoryPool.usage.peak - start < 400 << 20)
      #expect(bench.state.externalMemory.collections > 10)
    }

    @Test func `the memory limit is an error only after a collection was tried`() throws {
      let bench = try Workbench()
      bench.state.collectGarbage()
      MemoryPool.limit = MemoryPool.usage.live + (110 << 20)
      defer { MemoryPool.limit = .max }
      // 60 MB are needed; the collector's own limit then lies above the user's.
      _ = try bench.state.run("kept = tensor.zeros{60, 1 << 18}")
      _ = try bench.state.run("for i = 1, 40 do local x = tensor.zeros{20, 1 << 18} end")
      let shown = bench.show("local all = {} for i = 1, 40 do all[i] = tensor.zeros{20, 1 << 18} end")
      #expect(shown.contains("out of tensor memory: 20971520 bytes requested"), "\(shown)")
      #expect(bench.show("return kept:sum():item()") == "0.0")
    }

    @Test func `thousands of training steps need no more memory than a few`() throws {
      let bench = try Workbench()
      let code = """
        local steps = ...
        random.seed(1)
        local net = nn.sequential{nn.linear(8, 16), nn.linear(16, 1)}
        local optimizer, average = optim.adamw(net), optim.moving_average(net)
        local x = tensor.normal{32, 8}
        for step = 1, steps do
          optimizer:step((net(x):square()):mean():backward())
          average:update()
        end
        """
      func run(_ steps: Int) throws { try bench.state.load(code).call(.integer(steps)) }
      try run(200)
      bench.state.collectGarbage()
      MemoryPool.releaseCache()
      MemoryPool.resetPeak()
      let (live, kilobytes) = (MemoryPool.usage.live, bench.state.kilobytes)
      try run(200)
      let peak = MemoryPool.usage.peak
      try run(10_000)
      bench.state.collectGarbage()
      #expect(MemoryPool.usage.live == live)
      #expect(MemoryPool.usage.peak <= max(2 * peak, 80 << 20))
      #expect(bench.state.kilobytes <= kilobytes + 64)
    }

    @Test func `raising from every place for many rounds leaks nothing`() throws {
      let bench = try Workbench()
      let code = """
        local rounds = ...
        local x = tensor{1, 2}
        for i = 1, rounds do
          pcall(function() return x + tensor{1, 2, 3} end)
          pcall(tensor.zeros, {2}, {dtyp = 1})
          pcall(function() return tensor.no_grad(function() error{code = i} end) end)
          local c = coroutine.wrap(function() return x:sum(9) end)
          pcall(c)
          pcall(function() x[{1, 1, 1}] = 2 end)
        end
        """
      func run(_ rounds: Int) throws { try bench.state.load(code).call(.integer(rounds)) }
      try run(2000)
      bench.state.collectGarbage()
      let live = MemoryPool.usage.live
      let lua = bench.state.kilobytes
      try run(20_000)
      bench.state.collectGarbage()
      #expect(MemoryPool.usage.live == live)
      #expect(bench.state.kilobytes <= lua + 64)
    }

    @Test func `an interrupt stops long Swift work and the state survives`() throws {
      let bench = try Workbench()
      let interrupt = bench.interrupt
      Thread.detachNewThread {
        usleep(200_000)
        interrupt.raise()
      }
      let start = Date()
      let shown = bench.show("pcall(data.scenes, {count = 1000000}) return 'finished'")
      #expect(shown.contains("interrupted"))
      #expect(Date().timeIntervalSince(start) < 20)
      #expect(bench.show("return tensor{1}:item()") == "1.0")
    }
  }
}
