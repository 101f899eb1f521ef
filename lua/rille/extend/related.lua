--- One relation of a row that is being written: which rows are its own, how one is connected and disconnected, and the errors about them.
local core = require "rille.core"
local errors = require "rille.errors"
local facts = require "rille.extend.facts"
local Writer = require "rille.extend.rows"

---@class rille.Related
---@field w rille.Writer
---@field info table of the row's model
---@field row table
---@field field table the relation field
---@field target table of the related model
---@field path string
---@field created boolean the row is new, so it has no related rows
---@field kind "holder"|"child"|"join" where the foreign key is: in the row, in the other row, in a join table
local Related = {}
Related.__index = Related

-- P2014: a row would be without one that it requires. name: the relation field on the side of the foreign key.
local function raise_orphan(holder, other, name, relation, path)
  local message = ("the change would violate the required relation `%s` between `%s` and `%s`: every %s must have its `%s`"):format(relation, holder.name,
    other.name, holder.name, name)
  error(errors.new("P2014", path and ("%s: %s"):format(path, message) or message, { model = holder.name, relation = relation, path = path }), 0)
end

--- Raises P2014 for a row that others of the model `child` refer to through a relation field of its own.
function Writer.refuse_orphan(_, child, info, field) raise_orphan(child, info, field.opposite, field.relation_name, nil) end

function Related.new(w, info, row, field, path, created)
  local kind = field.relation == "many_to_many" and "join" or field.holds_key and "holder" or "child"
  return setmetatable({ w = w, info = info, row = row, field = field, target = w.info(field.target), path = path, created = created, kind = kind }, Related)
end

-- ---------------------------------------------------------------------------------------------------------------------------------- the errors

local function raise(code, info, field, path, message)
  local meta = { model = info.name, relation = field.relation_name, path = path }
  if code == "P2025" then meta.cause = message end
  error(errors.new(code, message, meta), 0)
end

local function kind_of(field) return (field.relation:gsub("_", "-")) end

--- Raises P2025: an operation found no related row.
function Related:missing(path, operation)
  local message = ("%s: no %s was found to %s on the %s relation `%s`"):format(path, self.target.name, operation, kind_of(self.field),
    self.field.relation_name)
  raise("P2025", self.info, self.field, path, message)
end

--- Raises P2018, or P2025 for a single row: there is no row to connect.
function Related:missing_to_connect(path)
  if self.kind ~= "child" or not self.field.list then self:missing(path, "connect") end
  raise("P2018", self.info, self.field, path, ("%s: the %s to connect was not found (%s relation `%s`)"):format(path, self.target.name,
    kind_of(self.field), self.field.relation_name))
end

--- Raises P2017, or P2025 for a single row: the row to delete is not connected.
function Related:unconnected(path)
  if not self.field.list then self:missing(path, "delete") end
  raise("P2017", self.info, self.field, path, ("%s: the records for relation `%s` between the `%s` and `%s` models are not connected"):format(path,
    self.field.relation_name, self.info.name, self.target.name))
end

-- Whether each row on the side of the foreign key must have its other row.
local function is_required(self)
  if self.kind == "holder" then return self.field.required end
  return self.target.facts.by_name[self.field.opposite].required
end

--- Raises P2014: a row would be without one that it requires.
function Related:refuse_orphan(path)
  local field, holder, other = self.field, self.info, self.target
  local name = field.name
  if self.kind == "child" then holder, other, name = other, holder, field.opposite end
  raise_orphan(holder, other, name, field.relation_name, path)
end

-- -------------------------------------------------------------------------------------------------------------------------------- which rows

--- Returns the condition for the related rows; nil if the foreign key is NULL.
function Related:mine()
  if self.kind == "join" then return { [self.field.opposite] = { some = facts.where(self.info.facts, self.row) } } end
  return facts.carry_given(self.row, self.field.own_fields, self.field.other_fields)
end

-- Adds conditions to a `where`.
local function with(where, conditions)
  local both = facts.copy(core.plain(where, "where"))
  local given = both.AND
  if type(given) == "table" and given[1] ~= nil then
    both.AND = facts.copy(given)
    both.AND[#given + 1] = conditions
  else
    both.AND = { given or {}, conditions }
  end
  return both
end

--- Returns the related row that an operation names, locked; nil if there is none. where: a unique one of a list; of a single row conditions, or nil.
function Related:find(where)
  local mine = self:mine()
  if not mine then return nil end
  if self.field.list then return self.w:find(self.target, "find_unique", with(where, mine)) end
  return self.w:find(self.target, "find_first", { AND = { where or {}, mine } })
end

--- Returns all related rows that meet conditions, locked.
function Related:find_all(where)
  local mine = self:mine()
  if not mine then return {} end
  if where == core.all or where == nil then return self.w:find_all(self.target, mine) end
  return self.w:find_all(self.target, { AND = { where, mine } })
end

-- ---------------------------------------------------------------------------------------------------------------------------------- connecting

--- Returns the foreign key that makes a row of the other model a related one; nil if that row does not have the key.
function Related:key()
  if self.kind ~= "child" then return nil end
  return facts.carry(self.row, self.field.own_fields, self.field.other_fields)
end

local function differs(row, key)
  for name, value in pairs(key) do
    if row[name] ~= value then return true end
  end
  return false
end

-- Writes the join table, which has no hooks.
local function link(self, operation, found)
  self.w:call(self.info, "update", { where = facts.where(self.info.facts, self.row),
    data = { [self.field.name] = { [operation] = facts.where(self.target.facts, found) } }, select = self.info.facts.all })
end

--- Makes a row of the other model a related one.
function Related:attach(found)
  if self.kind == "join" then return link(self, "connect", found) end
  if self.kind == "child" then
    local key = self:key()
    if differs(found, key) then self.w:change(self.target, found, key) end
    return
  end
  self.row = self.w:change(self.info, self.row, facts.carry(found, self.field.other_fields, self.field.own_fields))
end

--- Disconnects a related row.
function Related:detach(found, path)
  if self.kind == "join" then return link(self, "disconnect", found) end
  if is_required(self) then self:refuse_orphan(path) end
  if self.kind == "child" then
    self.w:change(self.target, found, facts.nulls(self.target.facts, self.field.other_fields))
  else
    self.row = self.w:change(self.info, self.row, facts.nulls(self.info.facts, self.field.own_fields))
  end
end

--- Disconnects the current row of a one-to-one relation, unless it is `but`.
function Related:make_room(but)
  if self.field.list or self.created or self.kind ~= "child" then return end
  local current = self:find(nil)
  if not current or but and self.w.key_of(self.target, current) == self.w.key_of(self.target, but) then return end
  if is_required(self) then self:refuse_orphan(nil) end
  self:detach(current, self.path)
end

Related.is_required = is_required

return Related
