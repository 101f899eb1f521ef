--- Whether a write, or what it nests, writes rows with hooks. A write that does not is left to the core.
local core = require "rille.core"

local concern = {}

-- Operations on a relation that only connect rows.
local CONNECTS = { connect = true, disconnect = true, set = true }

local function plain(value) return type(value) == "table" and core.plain(value, "data") or nil end

--- Calls fn(item, path) with each element of a list, or with a value that is no list. An empty list has no elements, and an empty table is one only if
--- `empty_is_one`.
function concern.each(value, path, empty_is_one, fn)
  if type(value) ~= "table" then return fn(value, path) end
  local list = core.plain(value, "data")
  if list[1] == nil and (next(list) ~= nil or empty_is_one and getmetatable(value) == nil) then return fn(value, path) end
  for i, item in ipairs(list) do fn(item, ("%s[%d]"):format(path, i)) end
end

--- Returns the rows of bulk data.
function concern.rows(data)
  local rows = {}
  concern.each(data, "data", false, function(row) rows[#rows + 1] = core.plain(row, "data") end)
  return rows
end

-- The parts of an operation that are data of rows.
local function parts_of(word, item)
  item = plain(item)
  if not item then return {} end
  if word == "create" then return { item } end
  if word == "create_many" or word == "update_many" then return { item.data } end
  if word == "connect_or_create" then return { item.create } end
  if word == "upsert" then return { item.create, item.update } end
  if word == "update" then return { item.data, item } end
  return {}
end

-- Whether actions of `relationMode = "prisma"` on rows that refer to one of this model write rows with hooks.
local function cascades(x, info, seen)
  if seen[info.name] then return false end
  seen[info.name] = true
  for _, field in ipairs(info.facts.followers) do
    local child = x.info(field.target)
    local acts = field.on_delete ~= "NoAction" or field.on_update ~= "NoAction"
    if acts and (child.watched or cascades(x, child, seen)) then return true end
  end
  return false
end

--- Returns whether referential actions of rille write rows with hooks when a row of the model is deleted or its key changes.
function concern.cascades(x, info)
  if info.cascading == nil then info.cascading = cascades(x, info, {}) end
  return info.cascading
end

--- Returns whether operations on a relation write rows with hooks.
function concern.relation(x, info, field, operations)
  local target, found = x.info(field.target), false
  for word, value in pairs(plain(operations) or {}) do
    if CONNECTS[word] then
      local child = field.relation ~= "many_to_many" and not field.holds_key and target.watched
      found = found or child or field.relation == "one_to_one" and field.holds_key and info.watched
    elseif target.watched or concern.cascades(x, target) then
      return true
    else
      concern.each(value, "", true, function(item)
        for _, data in ipairs(parts_of(word, item)) do found = found or concern.data(x, target, data) end
      end)
    end
  end
  return found
end

--- Returns whether the relations in `data`, of one row or of a list of them, write rows with hooks.
function concern.data(x, info, data)
  local found = false
  concern.each(data, "", true, function(row)
    for name, value in pairs(plain(row) or {}) do
      local field = info.facts.by_name[name]
      if not found and field and field.kind == "relation" then found = concern.relation(x, info, field, value) end
    end
  end)
  return found
end

local DATA = { create = { "data" }, create_many = { "data" }, create_many_and_return = { "data" }, update = { "data" }, upsert = { "create", "update" } }
local MAY_CASCADE = { update = true, upsert = true, update_many = true, update_many_and_return = true, upsert_many = true, delete = true, delete_many = true }

--- Returns whether a call writes rows with hooks.
---@param x { info: fun(model: string): table }
---@param info table of the model
---@param action string
---@param args table
---@return boolean
function concern.call(x, info, action, args)
  if info.watched or MAY_CASCADE[action] and concern.cascades(x, info) then return true end
  for _, name in ipairs(DATA[action] or {}) do
    if concern.data(x, info, args[name]) then return true end
  end
  return false
end

return concern
