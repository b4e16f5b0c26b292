import Host

/// What modules have beside their declarations, added when they are first required: `tensor{{1, 2}, {3, 4}}` stands for `tensor.new{{1, 2}, {3, 4}}`, and
/// `loam.version` tells the version.
enum ModuleExtras {
  static func prepare(_ state: LuaState) throws {
    guard case .function(let install) = try state.run(source, chunkName: "=loam").first ?? .none else { return }
    try install.call(state.value(of: TensorCreation.callable), .string(Loam.version))
  }

  private static let source = """
    local require, getmetatable = require, getmetatable
    return function(call, version)
      function _G.require(...)
        local module, place = require(...)
        if (...) == "loam.tensor" then
          local meta = getmetatable(module)
          if meta and not meta.__call then meta.__call = call end
        elseif (...) == "loam" then
          module.version = version
        end
        return module, place
      end
    end
    """
}
