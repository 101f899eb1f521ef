--- Writing one row with its hooks: insert, change, remove, and the referential actions of `relationMode = "prisma"`.
local concern = require "rille.extend.concern"
local facts = require "rille.extend.facts"
local Writer = require "rille.extend.writer_class"

local copy_of = facts.copy

local function merged(fields, nested)
  if not nested then return fields end
  local data = copy_of(fields)
  for name, value in pairs(nested) do data[name] = value end
  return data
end

--- Inserts a row. nested: relations that concern no hook, which the core writes.
function Writer:insert(info, fields, nested, path)
  if info.watched then fields = self:before(info, fields, "create") end
  local row = self:call(info, "create", { data = merged(fields, nested), select = info.facts.all }, path)
  self:written(info, row, "create")
  return row
end

--- Changes fields of a row that was read. Returns it as it is then.
function Writer:change(info, old, fields, nested, path)
  local has_fields = next(fields) ~= nil
  if info.watched and has_fields then fields = self:before(info, fields, "update", old) end
  local followers = has_fields and self:before_followers(info, old, fields) or nil
  local args = { where = facts.where(info.facts, old), data = merged(fields, nested), select = info.facts.all }
  local row = self:call(info, "update", args, path)
  if followers then self:after_followers(row, followers) end
  if has_fields then self:written(info, row, "update", old) end
  return row
end

local function remove(self, info, old)
  local key = Writer.key_of(info, old)
  if self.gone[key] then return end
  self.gone[key] = true
  self:before(info, copy_of(old), "delete", old)
  self:remove_followers(info, old)
  self:call(info, "delete_many", { where = facts.condition(info.facts, old) }) -- in a circle, the core has deleted it already
  self:written(info, old, "delete", old)
end

--- Deletes a row that was read.
function Writer:remove(info, old)
  self:refuse_restricted(info, old)
  remove(self, info, old)
end

--- Deletes rows that were read.
function Writer:remove_all(info, rows)
  for _, row in ipairs(rows) do self:refuse_restricted(info, row) end
  for _, row in ipairs(rows) do remove(self, info, row) end
end

-- ------------------------------------------------------------------------------------------------ relationMode = "prisma"

-- The condition for the rows that refer to a row through a relation; nil if none can.
local function referring(field, old) return facts.carry_given(old, field.own_fields, field.other_fields) end

-- The rows that refer to a row through a relation; nil if the core may act on them, because they have no hooks.
local function followers_of(self, field, old, deeper)
  local child, where = self.info(field.target), referring(field, old)
  if not where or not child.watched and not (deeper and concern.cascades(self, child)) then return nil end
  return child, self:find_all(child, where)
end

--- Raises P2014 if a row may not be deleted because of rows that refer to it. The core checks that before it deletes anything, so it comes before hooks.
function Writer:refuse_restricted(info, old)
  if not concern.cascades(self, info) then return end
  for _, field in ipairs(info.facts.followers) do
    local child, where = self.info(field.target), field.on_delete == "Restrict" and referring(field, old) or nil
    if where and self:call(child, "exists", { where = where }) then self:refuse_orphan(child, info, field) end
  end
end

-- The foreign key that a row gets when the row that it refers to is gone.
local function released(child, field, action)
  if action ~= "SetDefault" then return facts.nulls(child.facts, field.other_fields) end
  local fields = {}
  for _, name in ipairs(field.other_fields) do fields[name] = child.facts.by_name[name].default end
  return fields
end

local function remove_through(self, field, old)
  local action = field.on_delete
  if action ~= "Cascade" and action ~= "SetNull" and action ~= "SetDefault" then return end
  local child, rows = followers_of(self, field, old, action == "Cascade")
  if action == "Cascade" then return self:remove_all(child, rows or {}) end
  for _, row in ipairs(rows or {}) do
    if not self.gone[Writer.key_of(child, row)] then self:change(child, row, released(child, field, action)) end
  end
end

--- Does what `onDelete` asks for with rows that have hooks, before the row that they refer to is deleted.
function Writer:remove_followers(info, old)
  if not concern.cascades(self, info) then return end
  for _, field in ipairs(info.facts.followers) do remove_through(self, field, old) end
end

local function before_through(self, field, old, fields, list)
  local action = field.on_update
  local key = facts.carry(fields, field.own_fields, field.other_fields) -- those that change
  if next(key) == nil or action == "NoAction" or action == "Restrict" then return end
  local child, rows = followers_of(self, field, old, false)
  for _, row in ipairs(rows or {}) do
    local new = action == "Cascade" and copy_of(key) or released(child, field, action)
    local more = copy_of(self:before(child, new, "update", row))
    for _, name in ipairs(field.other_fields) do more[name] = nil end
    list[#list + 1] = { info = child, field = field, row = row, more = more, cascade = action == "Cascade" }
  end
end

-- Calls `before` for the rows whose foreign key will follow. What the hooks add is written afterwards.
function Writer:before_followers(info, old, fields)
  if not concern.cascades(self, info) then return nil end
  local list = {}
  for _, field in ipairs(info.facts.followers) do before_through(self, field, old, fields, list) end
  return #list > 0 and list or nil
end

function Writer:after_followers(parent, followers)
  for _, one in ipairs(followers) do
    local now = copy_of(one.row)
    for i, name in ipairs(one.field.other_fields) do
      if one.cascade then now[name] = parent[one.field.own_fields[i]] end
    end
    local row
    local where = facts.where(one.info.facts, now)
    if next(one.more) then
      row = self:call(one.info, "update", { where = where, data = one.more, select = one.info.facts.all })
    else
      row = self:find(one.info, "find_unique", where)
    end
    if row then self:written(one.info, row, "update", one.row) end
  end
end

return Writer
