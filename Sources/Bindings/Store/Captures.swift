import Host
import ML

/// Finds everything that a function depends on: its code, the values it captures, the globals it uses, and theirs in turn.
///
/// The walk is written in Lua, where tables and functions have an identity and captured values can be reached.
struct Captures {
  /// Named parts of a stage's key.
  private(set) var parts: [(name: String, value: StoreValue)] = []
  /// Results of other stages that were met on the way.
  private(set) var dependencies: [(role: String, result: StageResult)] = []

  /// What code and values of a function are made of.
  ///
  /// - Throws: `LuaError` naming the captured value that has no content, such as an open file.
  init(of function: LuaFunction, in state: LuaState) throws {
    var found: [(String, StageResult)] = []
    guard case .table(let list)? = try Captures.walk([.function(function)], in: state, found: { found.append(($0, $1)) }) else { return }
    for element in list.elements() {
      guard case .table(let part) = element, let name = part["name"].asString else { continue }
      parts.append((name, try Captures.stored(part["tree"])))
    }
    take(found)
  }

  /// What a single value given as an input is made of.
  init(of value: LuaValue, name: String, in state: LuaState) throws {
    var found: [(String, StageResult)] = []
    guard case .table(let part)? = try Captures.walk([value, .string(name)], in: state, found: { found.append(($0, $1)) }) else { return }
    parts.append((name, try Captures.stored(part["tree"])))
    take(found)
  }

  private mutating func take(_ found: [(String, StageResult)]) {
    var roles: Set<String> = []
    for (role, result) in found where roles.insert(role).inserted { dependencies.append((role, result)) }
  }

  /// Walks; a fault is thrown as one of the caller's, not of a line in here.
  private static func walk(_ arguments: [LuaValue], in state: LuaState, found: @escaping (String, StageResult) -> Void) throws -> LuaValue? {
    let walker = try walker(in: state, found: found)
    do { return try walker.call(arguments: arguments).first } catch let error as LuaError where !error.isInterrupt { throw LuaError(error.message) }
  }

  /// Makes the walk for one use.
  private static func walker(in state: LuaState, found: @escaping (String, StageResult) -> Void) throws -> LuaFunction {
    let identify = Function(
      "identify", "Names the content of an object.", .any("value", "the object"), .string("place", "what it is called"), returns: .values("its name, or nil and what is wrong")
    ) { (value: LuaValue, place: String) -> [LuaValue] in
      guard case .object(let object) = value else {
        return [.none, .string("\(place) is a \(value.typeName), whose content cannot be part of a stage's key; open or make it inside the stage")]
      }
      if let stage = object as? StageReference { found(place, stage.result) }
      return [.string(try ContentIdentity.text(of: object))]
    }
    let code = Function(
      "code", "Normalises dumped code.", .bytes("dump", "from string.dump"), returns: .values("the code without lines, and its text constants")
    ) { dump in
      let code = try FunctionCode(dump: dump)
      return [.bytes(code.bytes), .list(code.texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { .string($0) })]
    }
    let make = try state.load(source, chunkName: "=loam.store")
    guard case .function(let walker)? = try make.call(state.value(of: identify), state.value(of: code)).first else {
      throw LuaError("the walk over captured values could not be made")
    }
    return walker
  }

  /// The tree that the walk gives, as a value with an encoding.
  private static func stored(_ tree: LuaValue) throws -> StoreValue {
    guard case .table(let node) = tree, let kind = node[1].asString else { return .null }
    func entries(_ value: LuaValue) throws -> [StoreEntry] {
      guard case .table(let list) = value else { return [] }
      return try list.elements().map { element in
        guard case .table(let pair) = element else { return StoreEntry(.null, .null) }
        return StoreEntry(try LuaConversion.stored(pair[1], place: "key"), try stored(pair[2]))
      }
    }
    switch kind {
    case "value": return try LuaConversion.stored(node[2], place: "value")
    case "list":
      guard case .table(let list) = node[2] else { return .list([]) }
      return .list(try list.elements().map(stored))
    case "table":
      var all = try entries(node[2])
      if case .table = node[3] { all.append(StoreEntry("(metatable)", try stored(node[3]))) }
      return .table(all)
    case "function":
      guard case .none = node[5] else { return .table([StoreEntry("(builtin)", try LuaConversion.stored(node[5], place: "builtin"))]) }
      return .table([
        StoreEntry("(code)", try LuaConversion.stored(node[2], place: "code")), StoreEntry("(captured)", .table(try entries(node[3]))),
        StoreEntry("(globals)", .table(try entries(node[4]))),
      ])
    default: return .table([StoreEntry(.string("(\(kind))"), try LuaConversion.stored(node[2], place: kind))])
    }
  }

  private static let source = """
    local identify, code = ...
    local standard = {}
    for name in ("_G _VERSION arg help loam assert collectgarbage coroutine debug dofile error getmetatable io ipairs load loadfile math next os package "
      .. "pairs pcall print rawequal rawget rawlen rawset require select setmetatable string table tonumber tostring type utf8 warn xpcall"):gmatch("%S+") do
      standard[name] = true
    end

    -- Tables and functions that are part of Lua or of Loam: their names stand for them.
    local names = {}
    local function learn(prefix, module)
      names[module] = prefix
      for key, value in next, module do
        if type(value) == "function" and type(key) == "string" and not names[value] then names[value] = prefix .. "." .. key end
      end
    end
    for name, module in next, package.loaded do
      if type(module) == "table" and (name:sub(1, 4) == "loam" or (standard[name] and name ~= "_G")) then learn(name, module) end
    end
    for name in next, standard do
      local value = rawget(_G, name)
      if type(value) == "function" and not names[value] then names[value] = name end
    end
    names[_G] = "_G"

    local function name_of(value, place)
      local name, fault = identify(value, place)
      if not name then error(fault, 0) end
      return name
    end

    local seen, count = {}, 0
    local order = {boolean = 1, number = 2, string = 3}
    local walk

    local function sorted(keys)
      table.sort(keys, function(a, b)
        local ka, kb = type(a), type(b)
        if ka ~= kb then return order[ka] < order[kb] end
        if ka == "boolean" then return a and not b end
        return a < b
      end)
      return keys
    end

    local function walk_table(value, place)
      local stage = rawget(value, "stage")
      if type(stage) == "userdata" then
        local name = identify(stage, place)
        if name and name:sub(1, 6) == "stage " then return {"object", name} end
      end
      local size, keys = #value, {}
      for key in next, value do
        if not order[type(key)] then error(place .. " has a " .. type(key) .. " as a key, which cannot be part of a stage's key", 0) end
        if not (math.type(key) == "integer" and key >= 1 and key <= size) then keys[#keys + 1] = key end
      end
      local meta = debug.getmetatable(value)
      local list = {}
      for position = 1, size do list[position] = walk(value[position], place .. "[" .. position .. "]") end
      if #keys == 0 and not meta and size > 0 then return {"list", list} end
      local entries = {}
      for position = 1, size do entries[#entries + 1] = {position, list[position]} end
      for _, key in ipairs(sorted(keys)) do
        entries[#entries + 1] = {key, walk(rawget(value, key), place .. "." .. tostring(key))}
      end
      return {"table", entries, meta and walk(meta, place .. "'s metatable")}
    end

    -- What a Lua function is made of: its code, its captured values, the globals it names.
    local function inside(value, place)
      local dump, texts = code(string.dump(value, true))
      local captured, globals, index = {}, {}, 1
      while true do
        local name, content = debug.getupvalue(value, index)
        if not name then break end
        if name == "_ENV" and type(content) == "table" then
          for _, text in ipairs(texts) do
            local global = rawget(content, text)
            if global ~= nil and not standard[text] and names[global] == nil then
              globals[#globals + 1] = {text, walk(global, "the global '" .. text .. "'")}
            end
          end
        else
          captured[#captured + 1] = {name == "" and "#" .. index or name, walk(content, "'" .. name .. "' in " .. place)}
        end
        index = index + 1
      end
      return dump, captured, globals
    end

    function walk(value, place)
      local kind = type(value)
      if kind == "nil" or kind == "boolean" or kind == "number" or kind == "string" then return {"value", value} end
      if names[value] then return {"builtin", names[value]} end
      if kind == "userdata" or kind == "thread" then return {"object", name_of(value, place)} end
      if seen[value] then return {"again", seen[value]} end
      count = count + 1
      seen[value] = count
      if kind == "table" then return walk_table(value, place) end
      if debug.getinfo(value, "S").what == "C" then return {"object", name_of(value, place)} end
      return {"function", inside(value, place)}
    end

    return function(value, name)
      if name then return {tree = walk(value, name)} end
      seen[value] = 0
      local dump, captured, globals = inside(value, "the stage's code")
      local parts = {{name = "code", tree = {"value", dump}}}
      for _, entry in ipairs(captured) do parts[#parts + 1] = {name = "captured " .. entry[1], tree = entry[2]} end
      for _, entry in ipairs(globals) do parts[#parts + 1] = {name = "global " .. entry[1], tree = entry[2]} end
      return parts
    end
    """
}
