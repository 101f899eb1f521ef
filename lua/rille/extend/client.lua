--- Extended clients: client objects with a chain of extensions. rille.extend is the entry.
local core = require "rille.core"
local chain = require "rille.extend.chain"
local client = require "rille.client"
local definition = require "rille.extend.definition"
local errors = require "rille.errors"
local model = require "rille.extend.model"
local options = require "rille.options"

local methods = client.methods
local pass = errors.pass

-- The keys of the chain of extensions, and of the facts of the models, in a client object.
local CHAIN, FACTS = {}, {}

local overrides = {}

local function find_model(db, scope, name, method)
  local raw = client.find_model(scope, name)
  local own = rawget(db, CHAIN)
  local wrapped = model.wrap(db, own:info(scope, core.model_name(raw)), raw, method)
  rawset(db, name, wrapped)
  return wrapped
end

-- Looks up a model once, and then it is a field of the object.
local function index(db, name)
  local scope = rawget(db, client.SCOPE)
  local method = rawget(db, CHAIN).methods[name] or overrides[name] or methods[name]
  if method and not core.has_model(scope, name) then return method end
  if name == client.EXTENSION_KEY then return rawget(db, CHAIN):key() end
  if type(name) ~= "string" then return nil end
  return find_model(db, scope, name, method)
end

local metatable = {}
for key, value in pairs(client.metatable) do metatable[key] = value end
metatable.__index = index

-- Makes a client object one of a chain. It has no models yet.
local function dress(db, own)
  rawset(db, CHAIN, own)
  rawset(db, FACTS, own.facts)
  return setmetatable(db, metatable)
end

-- The same transaction for a chain.
local function same_scope(db, own)
  return dress(client.wrap(rawget(db, client.SCOPE), rawget(db, client.SHARED), rawget(db, client.IN_TRANSACTION)), own)
end

function overrides.transaction(self, fn, given)
  local own = rawget(self, CHAIN)
  if not options.is_callable(fn) then return pass(methods.transaction(self, fn, given)) end
  local depth = rawget(self, client.HOOK_DEPTH)
  return pass(methods.transaction(self, function(tx)
    local extended = dress(tx, own)
    rawset(extended, client.HOOK_DEPTH, depth)
    return fn(extended)
  end, given))
end

function overrides.with(self, given) return dress(methods.with(self, given), rawget(self, CHAIN)) end

local extended = {}

--- The method `extend` of clients.
---@param self rille.Client
---@param given any
---@return rille.Client
function extended.extend(self, given)
  local scope = client.scope(self, "extend")
  local earlier, cache = rawget(self, CHAIN), rawget(self, FACTS)
  if not cache then
    cache = {}
    rawset(self, FACTS, cache)
  end
  local own = definition.check(given, scope, cache, function(name)
    return earlier and name ~= "*" and earlier:computed_names(scope, name) or {}
  end)
  local new = chain.new(earlier, own, cache)
  for name, fields in pairs(own.result) do
    if name ~= "*" and definition.is_linked(fields) then new:info(scope, name) end -- raises if a computed field needs itself
  end
  if rawget(self, client.IN_TRANSACTION) then return same_scope(self, new) end
  return dress(methods.with(self, {}), new)
end

--- Returns the model of the core for a method that no extension changes; nil for all others.
---@param one table
---@param method string
---@return userdata|nil
function extended.untouched(one, method) return model.untouched(one, method) end

return extended
