--- Writing many rows with their hooks. Rows of one kind are still written by one statement.
local core = require "rille.core"
local concern = require "rille.extend.concern"
local errors = require "rille.errors"
local facts = require "rille.extend.facts"
local Writer = require "rille.extend.nested"

local copy_of = facts.copy

--- Creates rows, and returns those that were inserted.
function Writer:create_many(info, rows, skip_duplicates, path)
  local related = false
  for _, row in ipairs(rows) do related = related or facts.relation_in(info.facts, row) ~= nil end
  local made = core.array {}
  if related then
    if skip_duplicates then
      errors.raise("VALIDATION", "%s: rows with related rows cannot be skipped where hooks of `write` are called for them; leave `skip_duplicates` out", path)
    end
    for i, row in ipairs(rows) do made[i] = self:create(info, row, ("%s[%d]"):format(path, i)) end
    return made
  end
  if #rows == 0 then return made end
  local list = {}
  for i, row in ipairs(rows) do list[i] = self:before(info, copy_of(row), "create") end
  made = self:call(info, "create_many_and_return", { data = list, skip_duplicates = skip_duplicates, select = info.facts.all }, path)
  for _, row in ipairs(made) do self:written(info, row, "create") end
  return made
end

-- Whether a value is a new value, and not an operation on the old one.
local function is_plain_value(info, name, value)
  local field = info.facts.by_name[name]
  return type(value) ~= "table" or field ~= nil and field.type == "Json" and not field.list
end

-- Whether rows can be changed by one statement: they set the same fields, to values, and not fields of their keys.
local function is_uniform(self, info, changes)
  if concern.cascades(self, info) or #info.facts.key == 0 then return false end
  local count
  for _, change in ipairs(changes) do
    local own = 0
    for name, value in pairs(change) do
      own = own + 1
      if changes[1][name] == nil or not is_plain_value(info, name, value) then return false end
    end
    count = count or own
    if own ~= count then return false end
  end
  for _, name in ipairs(info.facts.key) do
    if changes[1][name] ~= nil then return false end
  end
  return count ~= nil and count > 0
end

-- Changes rows by one statement. `before` was called.
local function change_together(self, info, rows, changes)
  local list, by_key, new = {}, {}, {}
  for i, row in ipairs(rows) do
    local one = copy_of(changes[i])
    for _, name in ipairs(info.facts.key) do one[name] = row[name] end
    list[i] = one
  end
  local written = self:call(info, "update_many_and_return", { on = info.facts.key, data = list, select = info.facts.all })
  for _, row in ipairs(written) do by_key[Writer.key_of(info, row)] = row end
  for _, row in ipairs(rows) do
    local now = by_key[Writer.key_of(info, row)]
    if now then
      self:written(info, now, "update", row)
      new[#new + 1] = now
    end
  end
  return new
end

-- Changes rows that were read: changes[i] is what rows[i] gets. Returns them as they are then.
local function change_all(self, info, rows, changes, path)
  local new = core.array {}
  if #rows > 1 and is_uniform(self, info, changes) then
    for i, row in ipairs(rows) do changes[i] = self:before(info, changes[i], "update", row) end
    if is_uniform(self, info, changes) then return core.array(change_together(self, info, rows, changes)) end
    info = setmetatable({ before = {}, watched = #info.after > 0 }, { __index = info }) -- `before` was called
  end
  for i, row in ipairs(rows) do new[#new + 1] = self:change(info, row, changes[i], nil, path) end
  return new
end

local function on_fields(on)
  if type(on) == "string" then return { on } end
  return core.plain(on, "on")
end

local function values_of(row, names)
  local where, is_known = {}, {}
  for _, name in ipairs(names) do where[name], is_known[name] = row[name], true end
  return where, is_known
end

--- Runs update_many, and returns the rows as they are then, and how many were written.
function Writer:update_many(info, args)
  local rows, changes = core.array {}, {}
  if args.on ~= nil then
    local names = on_fields(args.on)
    for _, one in ipairs(concern.rows(args.data)) do
      local where, is_known = values_of(one, names)
      local change = {}
      for name, value in pairs(one) do
        if not is_known[name] then change[name] = value end
      end
      for _, row in ipairs(self:find_all(info, where)) do rows[#rows + 1], changes[#changes + 1] = row, copy_of(change) end
    end
  else
    local where, data = args.where ~= core.all and args.where or nil, core.plain(args.data, "data")
    rows = self:find_all(info, where, args.limit)
    if next(data) == nil then return core.array(rows), 0 end -- as the core counts
    for i = 1, #rows do changes[i] = copy_of(data) end
  end
  local new = change_all(self, info, rows, changes, "data")
  return new, #new
end

--- Runs upsert_many, and returns the number of rows.
function Writer:upsert_many(info, args)
  local names, count, seen = on_fields(args.on), 0, {}
  local updated = type(args.update) == "table" and core.plain(args.update, "update") or nil
  for i, one in ipairs(concern.rows(args.data)) do
    local where, is_known = values_of(one, names)
    local found, path = self:find(info, "find_first", where), ("data[%d]"):format(i)
    count = count + 1
    if not found then
      self:missed(where)
      found = self:insert(info, copy_of(one), nil, path)
      seen[Writer.key_of(info, found)] = i
    else
      local first = seen[Writer.key_of(info, found)]
      if first then errors.raise("VALIDATION", "data[%d]: names the same row as data[%d]", i, first) end
      seen[Writer.key_of(info, found)] = i
      local change = {}
      for name, value in pairs(one) do
        if not updated and not is_known[name] then change[name] = value end
      end
      for _, name in ipairs(updated or {}) do change[name] = one[name] end
      if next(change) then self:change(info, found, change, nil, path) end
    end
  end
  return count
end

-- At most this many keys are named by one statement.
local KEYS = 500

-- Deletes rows of a model with one field as its key, by a few statements.
local function remove_together(self, info, rows)
  local name = info.facts.key[1]
  for first = 1, #rows, KEYS do
    local keys = {}
    for i = first, math.min(first + KEYS - 1, #rows) do keys[#keys + 1] = rows[i][name] end
    self:call(info, "delete_many", { where = { [name] = { in_ = keys } } })
  end
end

--- Runs delete_many, and returns the number of rows.
function Writer:delete_many(info, args)
  local rows = self:find_all(info, args.where ~= core.all and args.where or nil, args.limit)
  if #info.facts.key ~= 1 or concern.cascades(self, info) then
    self:remove_all(info, rows)
    return #rows
  end
  for _, row in ipairs(rows) do self:before(info, copy_of(row), "delete", row) end
  remove_together(self, info, rows)
  for _, row in ipairs(rows) do self:written(info, row, "delete", row) end
  return #rows
end

-- ------------------------------------------------------------------------------------------------------------------------------------ results

local function has_own_form(args) return args.select ~= nil or args.include ~= nil or args.omit ~= nil end

--- Returns a row as the caller wants it; nil if a nested operation has deleted it.
function Writer:answer(info, row, args)
  if not has_own_form(args) and not self.omits(info) and not self.is_older then return row end
  return self:call(info, "find_unique", { where = facts.where(info.facts, row), select = args.select, include = args.include, omit = args.omit,
    relation_load_strategy = args.relation_load_strategy })
end

--- Returns rows as the caller wants them.
function Writer:answers(info, rows, args)
  if not has_own_form(args) and not self.omits(info) and not self.is_older then return rows end
  local list = core.array {}
  for i, row in ipairs(rows) do list[i] = self:answer(info, row, args) end
  return list
end

return Writer
