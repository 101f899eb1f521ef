-- Makes a disagreement small: takes away parts of the call, then rows, then values, as long as it stays of the same kind.
local check = require "differential.check"
local rows = require "differential.rows"
local values = require "differential.values"
local generator = require "differential.schema"

local shrink = {}

local function copy(v)
  if type(v) ~= "table" or values.is_marker(v) then return v end
  local out = {}
  for key, item in pairs(v) do out[key] = copy(item) end
  return out
end

-- Where something can be taken away: paths of keys, the outer ones first.
local function paths_of(v, path, out)
  if type(v) ~= "table" or values.is_marker(v) then return out end
  local keys = {}
  for key in pairs(v) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do
    local longer = table.move(path, 1, #path, 1, {})
    longer[#longer + 1] = key
    out[#out + 1] = longer
  end
  for i, key in ipairs(keys) do
    local longer = table.move(path, 1, #path, 1, {})
    longer[#longer + 1] = keys[i]
    paths_of(v[key], longer, out)
  end
  return out
end

local may_be_empty = { some = true, every = true, none = true, data = true, update = true, include = true }

local function without(args, path)
  local out = copy(args)
  local at = out
  for i = 1, #path - 1 do
    at = at[path[i]]
    if at == nil then return nil end
  end
  local key = path[#path]
  if at[key] == nil then return nil end
  if type(key) == "number" then table.remove(at, key) else at[key] = nil end
  -- An empty filter is another question than a filter with less in it.
  if next(at) == nil and #path > 1 and not may_be_empty[path[#path - 1]] then return nil end
  return out
end

-- An order_by that lost its primary key would leave the order open; a call needs its unique `where`.
local function is_fragile(path)
  for _, key in ipairs(path) do
    if key == "order_by" or key == "by" then return true end
  end
  return path[#path] == "where" and #path == 1
end

local function smaller_calls(call)
  local out = {}
  for _, path in ipairs(paths_of(call.args, {}, {})) do
    local args = not is_fragile(path) and without(call.args, path)
    if args then out[#out + 1] = { model = call.model, method = call.method, args = args, scope = call.scope } end
  end
  return out
end

local function is_sound(schema, data)
  for _, relation in ipairs(schema.relations) do
    if relation.kind ~= "mn" then
      for _, child in ipairs(data.rows[relation.child.name]) do
        local needs = child[relation.fields[1]] ~= nil
        local holder = schema.by_name[relation.child.name].by_name[relation.up]
        if needs and #rows.related(data, child, holder) == 0 then return false end
      end
    end
  end
  return true
end

local function drop_links(schema, data, model, id)
  for _, relation in ipairs(schema.relations) do
    local links = data.links[relation.name] or {}
    for i = #links, 1, -1 do
      if relation.parent == model and links[i].parent == id or relation.child == model and links[i].child == id then table.remove(links, i) end
    end
  end
end

local function smaller_data(schema, data)
  local out = {}
  for m = #schema.models, 1, -1 do
    local model = schema.models[m]
    for i = #data.rows[model.name], 1, -1 do
      local less = rows.copy(data)
      drop_links(schema, less, model, table.remove(less.rows[model.name], i).id)
      if is_sound(schema, less) then out[#out + 1] = less end
      for _, field in ipairs(generator.scalars(model)) do
        if field.optional and data.rows[model.name][i][field.name] ~= nil and (not field.fk or #field.fk.fields == 1) then
          local bare = rows.copy(data)
          bare.rows[model.name][i][field.name] = nil
          if is_sound(schema, bare) then out[#out + 1] = bare end
        end
      end
    end
  end
  for name, links in pairs(data.links) do
    for i = 1, #links do
      local less = rows.copy(data)
      table.remove(less.links[name], i)
      out[#out + 1] = less
    end
  end
  return out
end

-- Tries all of `candidates`, at most for `seconds`; returns the first that still disagrees.
local function first_that(candidates, disagrees, deadline)
  for _, candidate in ipairs(candidates) do
    if os.time() > deadline then return nil end
    local ok, still = pcall(disagrees, candidate)
    if ok and still then return candidate end
  end
end

-- Returns a smaller call and smaller data, and what is wrong with them.
function shrink.run(on, schema, data, call, kind, seconds)
  local deadline, words = os.time() + (seconds or 10), nil
  local function disagrees(with, what)
    on:refill(schema, with)
    local difference, found = check.call(on, schema, with, what)
    if difference and found == kind then words = difference end
    return difference and found == kind
  end
  repeat
    local changed = false
    local smaller = first_that(smaller_calls(call), function(c) return disagrees(data, c) end, deadline)
    if smaller then call, changed = smaller, true end
    local less = not smaller and first_that(smaller_data(schema, data), function(d) return disagrees(d, call) end, deadline)
    if less then data, changed = less, true end
  until not changed
  return call, data, words
end

return shrink
