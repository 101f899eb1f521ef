--- Extensions: db:extend{...} returns a client with more methods, computed fields, and functions around calls and writes.
local client = require "rille.client"

local methods = client.methods

--- The key of a string in a client object, for caches of what functions of the application make of the client's answers: `db[client.EXTENSION_KEY]`. It is
--- the same for two clients if, and only if, the same functions are around the same calls (`query`). nil: there are none. Computed fields, methods and hooks
--- of writes have no part in it. Reads with `cache` need no key: they run inside the functions of `query`, with the arguments that these pass on, and
--- computed fields are computed afterwards. No other Lua state or process has the same string for other functions.
client.EXTENSION_KEY = {}

--- The key of a number in a client object: how many hooks of writes are running one inside another. nil: none.
client.HOOK_DEPTH = {}

-- Loaded by the first extension.
local function extended() return require "rille.extend.client" end

--- Returns a client with an extension: methods of models (`model`) and of the client (`client`), functions around calls (`query`), computed fields (`result`)
--- and functions before and after each row that is written (`write`). It has the same pool and options, and may be extended again; this client stays as it
--- is. See docs/extending.md. Errors: VALIDATION (unknown models, methods and fields, wrong types).
---@param given rille.ExtendOptions
---@return rille.Client
function methods:extend(given)
  client.scope(self, "extend")
  return extended().extend(self, given)
end

--- Returns the model of the core for a method that no extension changes; nil for all others.
---@param model table of an extended client
---@param method string
---@return userdata|nil
function client.untouched_model(model, method) return extended().untouched(model, method) end

return methods
