--- Writing a row with its relations: nested operations, in the order in which the core makes them.
local core = require "rille.core"
local concern = require "rille.extend.concern"
local errors = require "rille.errors"
local facts = require "rille.extend.facts"
local Related = require "rille.extend.related"
local Writer = require "rille.extend.rows"

local each = concern.each

-- Operations that give the foreign key in the row itself a value, before the row is written.
local BEFORE = { "create", "connect", "connect_or_create", "disconnect" }
local AFTER = { "create", "create_many", "connect", "connect_or_create", "disconnect", "set", "delete", "delete_many", "update", "update_many", "upsert" }

-- -------------------------------------------------------------------------------------------- before the row: the foreign key is in the row itself

local before = {}

function before.create(r, item, path) return r.w:create(r.target, item, path) end

-- Another row may be connected to that row already, of a one-to-one relation.
local function displace(r, found)
  if r.field.relation ~= "one_to_one" then return end
  local other = r.w:find(r.info, "find_first", facts.carry(found, r.field.other_fields, r.field.own_fields))
  if not other or r.row and Writer.key_of(r.info, other) == Writer.key_of(r.info, r.row) then return end
  if r.field.required then r:refuse_orphan(nil) end
  r.w:change(r.info, other, facts.nulls(r.info.facts, r.field.own_fields))
end

function before.connect(r, item, path)
  local found = r.w:find(r.target, "find_unique", item, true)
  if not found then r:missing(path, "connect") end
  displace(r, found)
  return found
end

function before.connect_or_create(r, item, path)
  local found = r.w:find(r.target, "find_unique", item.where, true)
  if not found then
    r.w:missed(item.where)
    return r.w:create(r.target, item.create, path .. ".create")
  end
  displace(r, found)
  return found
end

-- Returns the row to connect; nil: none.
function before.disconnect(r, item, path)
  if r.field.required then r:refuse_orphan(path) end
  return item == true and {} or nil
end

-- Whether an operation comes before the row.
local function is_before(field, word, value)
  if not field.holds_key then return false end
  if word == "disconnect" then return value == true end
  return word == "create" or word == "connect" or word == "connect_or_create"
end

local function set_key(fields, r, found, path)
  for i, name in ipairs(r.field.own_fields) do
    local value = found[r.field.other_fields[i]]
    if value == nil then value = core.null end
    if value == core.null and r.info.facts.by_name[name].required then value = nil end
    if fields[name] ~= nil and value ~= nil and fields[name] ~= value then
      errors.raise("VALIDATION", "%s: its key shares the column `%s` with another relation that is written too, with another value", path, name)
    end
    if value ~= nil then fields[name] = value end
  end
end

-- Runs the operations before the row, and adds the foreign key to its fields.
local function run_before(w, info, row, field, operations, fields, path)
  local r = Related.new(w, info, row, field, path, row == nil)
  local found, at
  for _, word in ipairs(BEFORE) do
    local value = operations[word]
    if value ~= nil and is_before(field, word, value) then
      at = path .. "." .. word
      if type(value) == "table" then value = core.plain(value, at) end
      if type(value) == "table" and value[1] ~= nil then value = value[1] end
      found = before[word](r, value, at)
    end
  end
  if found then set_key(fields, r, found, at) end
end

-- ------------------------------------------------------------------------------------------------------------------------------ after the row

local after = {}

function after.create(r, value, path)
  each(value, path, true, function(item, at)
    r:make_room(nil)
    local made = r.w:create(r.target, item, at, r:key())
    if r.kind ~= "child" then r:attach(made) end
  end)
end

function after.create_many(r, value, path)
  value = core.plain(value, path)
  local rows, key = {}, r:key()
  each(value.data, path .. ".data", false, function(item)
    local row = facts.copy(core.plain(item, path))
    for name, one in pairs(key) do row[name] = one end
    rows[#rows + 1] = row
  end)
  r.w:create_many(r.target, rows, value.skip_duplicates, path .. ".data")
end

function after.connect(r, value, path)
  each(value, path, false, function(item, at)
    local found = r.w:find(r.target, "find_unique", item, r.kind == "join")
    if not found then r:missing_to_connect(at) end
    r:make_room(found)
    r:attach(found)
  end)
end

function after.connect_or_create(r, value, path)
  each(value, path, false, function(item, at)
    item = core.plain(item, at)
    local found = r.w:find(r.target, "find_unique", item.where, r.kind == "join")
    if not found then
      r.w:missed(item.where)
      return after.create(r, item.create, at .. ".create")
    end
    r:make_room(found)
    r:attach(found)
  end)
end

-- A single row is named by true, or by conditions.
local function condition(value)
  if type(value) == "table" then return value end
  return nil
end

function after.disconnect(r, value, path)
  if value == false then return end
  each(value, path, not r.field.list, function(item, at)
    if r.kind ~= "join" and Related.is_required(r) then r:refuse_orphan(at) end
    local found = r:find(condition(item))
    if found then r:detach(found, at) end
  end)
end

-- The named rows become the related ones, all others are disconnected. A missing row is skipped.
function after.set(r, value, path)
  local named, list = {}, {}
  each(value, path, false, function(item)
    local found = r.w:find(r.target, "find_unique", item)
    if found then
      named[Writer.key_of(r.target, found)] = true
      list[#list + 1] = found
    end
  end)
  for _, row in ipairs(r:find_all(nil)) do
    if not named[Writer.key_of(r.target, row)] then
      if Related.is_required(r) then r:refuse_orphan(nil) end
      r:detach(row, path)
    end
  end
  for _, found in ipairs(list) do r:attach(found) end
end

function after.delete(r, value, path)
  if value == false then return end
  each(value, path, not r.field.list, function(item, at)
    local found = r:find(condition(item))
    if not found then r:unconnected(at) end
    r.w:remove(r.target, found)
  end)
end

function after.delete_many(r, value, path)
  each(value, path, true, function(item)
    for _, row in ipairs(r:find_all(item)) do r.w:remove(r.target, row) end
  end)
end

-- Whether a to-one update is { where, data } and not the data itself, as the core decides it.
local function has_envelope(target, value)
  local data = value.data
  if type(data) ~= "table" then return false end
  for name in pairs(value) do
    if name ~= "data" and name ~= "where" then return false end
  end
  if not target.facts.by_name.data then return true end
  for name in pairs(data) do
    if not target.facts.by_name[name] then return false end
  end
  return true
end

function after.update(r, value, path)
  each(value, path, true, function(item, at)
    item = core.plain(item, at)
    local where, data, data_path = item.where, item.data, at .. ".data"
    if not r.field.list and not has_envelope(r.target, item) then where, data, data_path = nil, item, at end
    if next(core.plain(data or {}, data_path)) == nil then return end
    local found = r:find(where)
    if not found then r:missing(at, "update") end
    r.w:update(r.target, found, data, data_path)
  end)
end

function after.update_many(r, value, path)
  each(value, path, true, function(item, at)
    item = core.plain(item, at)
    local data = core.plain(item.data, at)
    if next(data) == nil then return end
    for _, row in ipairs(r:find_all(item.where)) do r.w:change(r.target, row, facts.copy(data), nil, at .. ".data") end
  end)
end

function after.upsert(r, value, path)
  each(value, path, true, function(item, at)
    item = core.plain(item, at)
    local found = r:find(item.where)
    if found then return r.w:update(r.target, found, item.update, at .. ".update") end
    if item.where then r.w:missed(item.where) end
    after.create(r, item.create, at .. ".create")
  end)
end

-- Join tables are written by the core.
local function set_join(r, value, path)
  r.w:call(r.info, "update", { where = facts.where(r.info.facts, r.row), data = { [r.field.name] = { set = value } }, select = r.info.facts.all },
    (path:gsub("%.[^.]+%.set$", "")))
end

-- Runs the operations after the row. Returns the row, whose foreign key they may have changed.
local function run_after(w, info, row, field, operations, path, created)
  local r = Related.new(w, info, row, field, path, created)
  for _, word in ipairs(AFTER) do
    local value = operations[word]
    local at = path .. "." .. word
    if value ~= nil and not is_before(field, word, value) then
      w.is_older = true
      if word == "set" and r.kind == "join" then set_join(r, value, at) else after[word](r, value, at) end
    end
  end
  return r.row
end

-- ------------------------------------------------------------------------------------------------------------------------- a row with its relations

-- Whether the foreign keys of the row itself are written as fields: for its hooks, or because one of them has to be. The core takes them as fields, or as
-- relations, but not some so and some so.
local function writes_keys(w, info, data, key)
  if info.watched or key then return true end
  for name, value in pairs(data) do
    local field = info.facts.by_name[name]
    if field and field.kind == "relation" and field.holds_key and concern.relation(w, info, field, value) then return true end
  end
  return false
end

-- Splits data into fields, relations that the core writes with the row, and operations on the other relations.
local function split(w, info, data, key)
  local fields, nested, operations = {}, nil, {}
  local as_fields = writes_keys(w, info, data, key)
  for name, value in pairs(data) do
    local field = info.facts.by_name[name]
    if not field or field.kind ~= "relation" then
      fields[name] = value
    elseif field.holds_key and as_fields or concern.relation(w, info, field, value) then
      operations[#operations + 1] = { field = field, value = core.plain(value, name) }
    else
      nested = nested or {}
      nested[name] = value
    end
  end
  table.sort(operations, function(a, b) return a.field.name < b.field.name end)
  return fields, nested, operations
end

local function before_row(w, info, row, operations, fields, path)
  for _, one in ipairs(operations) do
    if one.field.holds_key then run_before(w, info, row, one.field, one.value, fields, path .. "." .. one.field.name) end
  end
end

local function after_row(w, info, row, operations, path, created)
  for _, one in ipairs(operations) do row = run_after(w, info, row, one.field, one.value, path .. "." .. one.field.name, created) end
  return row
end

--- Creates a row with what is nested in its data, and returns it. key: the foreign key that it gets from a row around it.
function Writer:create(info, data, path, key)
  local fields, nested, operations = split(self, info, core.plain(data or {}, path), key)
  before_row(self, info, nil, operations, fields, path)
  for name, value in pairs(key or {}) do fields[name] = value end
  local row = self:insert(info, fields, nested, path)
  return after_row(self, info, row, operations, path, true)
end

--- Updates a row that was read, with what is nested in its data, and returns it.
function Writer:update(info, found, data, path)
  local fields, nested, operations = split(self, info, core.plain(data or {}, path))
  before_row(self, info, found, operations, fields, path)
  local row = found
  if next(fields) or nested then row = self:change(info, found, fields, nested, path) end
  return after_row(self, info, row, operations, path, false)
end

return Writer
