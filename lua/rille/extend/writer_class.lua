--- One write that concerns hooks, under way in its transaction or savepoint. Rows are written one after the other through the core's models, so each can
--- pass the hooks of its model. The files rows, nested and many add the methods.
local core = require "rille.core"
local errors = require "rille.errors"
local facts = require "rille.extend.facts"
local providers = require "rille.providers"

--- @class rille.Writer
---@field tx rille.Client for the hooks
---@field scope userdata
---@field chain table
---@field lock string|nil of rows that are read before they are written; nil where only one transaction writes at a time
---@field pending table[] what `after` is to be called with
---@field racy table<string, true> fields of keys that no row had, so another transaction may insert one
---@field is_older boolean|nil rows of the result may have been changed since by operations on their relations
---@field gone table<string, true> rows that are being deleted
local Writer = {}
Writer.__index = Writer

--- Returns a writer in a transaction.
function Writer.new(tx, scope, chain)
  local self = setmetatable({ tx = tx, scope = scope, chain = chain, models = {}, pending = {}, racy = {}, gone = {} }, Writer)
  self.info = function(name) return chain:info(scope, name) end
  self.lock = providers.of_scope(scope).server and "update" or nil
  return self
end

function Writer:raw(info)
  local model = self.models[info.name]
  if not model then
    model = core.model(self.scope, info.name)
    self.models[info.name] = model
  end
  return model
end

local function moved(text, from, to)
  return type(text) == "string" and text:sub(1, #from) == from and to .. text:sub(#from + 1) or text
end

-- Gives an error the path in the arguments of the caller.
local function relocate(e, path)
  local from = errors.is_error(e) and type(e.meta.path) == "string" and e.meta.path:find "^data" and e.meta.path
  if from then
    local to = path .. from:sub(5)
    e.message, e.meta.cause, e.meta.path = moved(e.message, from, to), moved(e.meta.cause, from, to), to
  end
  return error(e, 0)
end

local function located(path, ok, ...)
  if ok then return ... end
  return relocate((...), path)
end

--- Makes a call of the core. `path`: where its `data` is in the arguments of the caller.
function Writer:call(info, action, args, path)
  local model = self:raw(info)
  if not path or path == "data" then return model[action](model, args) end
  return located(path, pcall(model[action], model, args))
end

--- Returns one row of `where`, with all its values, locked; nil if there is none.
function Writer:find(info, action, where, no_lock)
  local row = self:call(info, action, { where = where, select = info.facts.all, lock = not no_lock and self.lock or nil })
  return type(row) == "table" and row or nil
end

--- Returns all rows of `where`, locked.
function Writer:find_all(info, where, take)
  return self:call(info, "find_many", { where = where, select = info.facts.all, lock = self.lock, take = take })
end

-- ------------------------------------------------------------------------------------------------------------------------------------ the hooks

local function check_row(info, row)
  local name = facts.relation_in(info.facts, row)
  if name then
    errors.raise("VALIDATION", "extend: write.%s.before: `%s` is a relation; a row has fields with a value only, write related rows with `tx`",
      info.facts.snake, name)
  end
end

--- Calls the hooks before a row is written, and returns the row to write. current: the row as it is; nil for a new one.
function Writer:before(info, row, action, current)
  for _, fn in ipairs(info.before) do
    local new = fn(row, self.tx, action, current and facts.copy(current) or nil, info.name)
    if new ~= nil and type(new) ~= "table" then
      errors.raise("VALIDATION", "extend: write.%s.before: expected a table or nil, got %s", info.facts.snake, errors.type_name(new))
    end
    if new ~= nil then row = new end
  end
  if #info.before > 0 and action ~= "delete" then check_row(info, row) end
  return row
end

--- Has `after` called with a row when everything is written.
function Writer:written(info, row, action, previous)
  if #info.after == 0 then return end
  self.pending[#self.pending + 1] = { info = info, row = facts.copy(row), action = action, previous = previous and facts.copy(previous) or nil }
end

--- Calls the hooks after all rows are written, in the order in which they were.
function Writer:finish()
  for _, one in ipairs(self.pending) do
    for _, fn in ipairs(one.info.after) do fn(one.row, self.tx, one.action, one.previous, one.info.name) end
  end
end

--- Notes that no row has the key of a unique `where`.
function Writer:missed(where)
  for name, value in pairs(where) do
    self.racy[name] = true
    if type(value) == "table" then self:missed(value) end
  end
end

--- Returns whether an error says that another transaction has inserted a row which this write has missed.
function Writer:lost_race(e)
  if not errors.is_error(e) or e.code ~= "P2002" or next(self.racy) == nil then return false end
  for _, name in ipairs(type(e.meta.target) == "table" and e.meta.target or {}) do
    if self.racy[name] then return true end
  end
  return false
end

-- A row's key as one string.
function Writer.key_of(info, row)
  local parts = { info.name }
  for _, name in ipairs(info.facts.key) do parts[#parts + 1] = tostring(row[name]) end
  return table.concat(parts, "\0")
end

--- Raises P2025 for a row that the call itself is about.
function Writer.not_found(info, what)
  local message = ("%s: no row to %s matches `where`"):format(info.name, what)
  error(errors.new("P2025", message, { cause = message, model = info.name }), 0)
end

return Writer
