--- The extensions of a client, from the first to the last, and what they mean for each model. A chain is immutable and shared by all clients and
--- transactions that have it; what it means for a model is worked out when the model is first used.
local computed = require "rille.extend.computed"
local facts = require "rille.extend.facts"

local chain = {}

local Chain = {}
Chain.__index = Chain

-- ------------------------------------------------------------------------------------------------------------------------------------- identity

-- A random name for each function, so that no other Lua state and no other process, forked or not, has the same for another function.
local names = setmetatable({}, { __mode = "k" })

local function random_name()
  local file = io.open("/dev/urandom", "rb")
  local bytes = file and file:read(12)
  if file then file:close() end
  if bytes then return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
  return ("%s.%.0f.%.6f"):format(tostring({}):match "(%x+)$" or "0", os.time(), os.clock())
end

local function name_of(fn)
  names[fn] = names[fn] or random_name()
  return names[fn]
end

-- The functions that may change arguments and results, as one string. Two chains with the same functions in the same places have the same.
local function identity(definitions)
  local parts = {}
  for i, definition in ipairs(definitions) do
    local own = {}
    for model, functions in pairs(definition.query) do
      for action, fn in pairs(functions) do own[#own + 1] = ("%s.%s=%s"):format(model, action, name_of(fn)) end
    end
    table.sort(own)
    if #own > 0 then parts[#parts + 1] = i .. ":" .. table.concat(own, ",") end
  end
  return #parts > 0 and table.concat(parts, ";") or nil
end

-- ------------------------------------------------------------------------------------------------------------------------------------- the chain

--- Returns a chain with one more extension.
---@param previous table|nil
---@param definition table of definition.check
---@param cache table see facts.of
---@return table
function chain.new(previous, definition, cache)
  local self = setmetatable({ facts = cache, definitions = {}, infos = {}, methods = {} }, Chain)
  for i, earlier in ipairs(previous and previous.definitions or {}) do self.definitions[i] = earlier end
  self.definitions[#self.definitions + 1] = definition
  for _, one in ipairs(self.definitions) do
    for name, fn in pairs(one.client) do self.methods[name] = fn end
    self.has_computed = self.has_computed or next(one.result) ~= nil
    self.has_write = self.has_write or next(one.write) ~= nil
  end
  return self
end

--- Returns the string for client.EXTENSION_KEY.
---@return string|nil
function Chain:key()
  if self.own_key == nil then self.own_key = identity(self.definitions) or false end
  return self.own_key or nil
end

-- Around a call of a method, from the outermost on. As in Prisma, the first extension is the outermost, and within one the more exact place is.
local function hooks_of(definitions, model, action)
  local list = {}
  for _, definition in ipairs(definitions) do
    local own, every = definition.query[model] or {}, definition.query["*"] or {}
    for _, fn in ipairs { own[action] or false, own["*"] or false, every[action] or false, every["*"] or false } do
      if fn then list[#list + 1] = fn end
    end
  end
  return #list > 0 and list or false
end

-- By method; found when they are first asked for.
local function lazy_hooks(definitions, model)
  return setmetatable({}, { __index = function(hooks, action)
    local list = hooks_of(definitions, model, action)
    hooks[action] = list
    return list
  end })
end

local function write_hooks(definitions, model, when)
  local list = {}
  for _, definition in ipairs(definitions) do
    for _, own in ipairs { definition.write[model] or {}, definition.write["*"] or {} } do list[#list + 1] = own[when] end
  end
  return list
end

local function model_methods(definitions, model)
  local methods = {}
  for _, definition in ipairs(definitions) do
    for _, own in ipairs { definition.model["*"] or {}, definition.model[model] or {} } do
      for name, fn in pairs(own) do methods[name] = fn end
    end
  end
  return methods
end

--- Returns what the chain means for a model.
---@param scope userdata
---@param name string in the schema
---@return table
function Chain:info(scope, name)
  local info = self.infos[name]
  if info then return info end
  local own = facts.of(self.facts, scope, name)
  info = { name = name, facts = own, chain = self, hooks = lazy_hooks(self.definitions, name), added = model_methods(self.definitions, name),
    before = write_hooks(self.definitions, name, "before"), after = write_hooks(self.definitions, name, "after") }
  info.computed, info.latest = computed.of(self.definitions, own)
  info.watched = #info.before > 0 or #info.after > 0
  self.infos[name] = info
  return info
end

--- Returns the names of the computed fields of a model.
---@param scope userdata
---@param name string
---@return table<string, any>
function Chain:computed_names(scope, name) return self:info(scope, name).latest end

return chain
