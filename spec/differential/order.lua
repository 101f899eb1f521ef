-- Evaluates `order_by`.
local values = require "differential.values"
local rows = require "differential.rows"

local order = {}

-- Null sorts below everything on SQLite and above everything on PostgreSQL, when nothing else is asked.
local function nulls_first(ctx, direction, nulls)
  if nulls then return nulls == "first" end
  return (ctx.engine == "sqlite") == (direction == "asc")
end

local function compare(ctx, a, b, direction, nulls)
  if a == nil and b == nil then return 0 end
  if a == nil or b == nil then return (a == nil) == nulls_first(ctx, direction, nulls) and -1 or 1 end
  if a == b then return 0 end
  return (a < b) == (direction == "asc") and -1 or 1
end

-- The value that a row is sorted by, and the innermost { sort, nulls } or direction.
local function sort_value(ctx, model, row, item)
  local name, how = next(item)
  local field = model.by_name[name]
  if not field.relation then
    local v = row and row[name]
    if v ~= nil then v = values.rank(field, v, ctx.engine) end
    return v, how
  end
  if field.list then return row and #rows.related(ctx.data, row, field) or 0, how._count end
  return sort_value(ctx, field.other, row and rows.related(ctx.data, row, field)[1], how)
end

-- Sorts by keys(item, element) -> value, direction | { sort, nulls } of each item; equal elements keep their places.
function order.sort_by(ctx, list, items, keys)
  local tagged = {}
  for i, element in ipairs(list) do tagged[i] = { element = element, place = i } end
  table.sort(tagged, function(a, b)
    for _, item in ipairs(items) do
      local x, how = keys(item, a.element)
      local y = keys(item, b.element)
      local result = compare(ctx, x, y, type(how) == "table" and how.sort or how, type(how) == "table" and how.nulls or nil)
      if result ~= 0 then return result < 0 end
    end
    return a.place < b.place
  end)
  local out = {}
  for i, t in ipairs(tagged) do out[i] = t.element end
  return out
end

function order.sort(ctx, model, list, items)
  return order.sort_by(ctx, list, items or {}, function(item, row) return sort_value(ctx, model, row, item) end)
end

function order.reverse(list)
  local out = {}
  for i = #list, 1, -1 do out[#out + 1] = list[i] end
  return out
end

-- skip and take of a list that is already turned round when take is negative; turns it back.
function order.page(list, skip, take)
  local out = {}
  for i = (skip or 0) + 1, #list do
    if take and #out >= math.abs(take) then break end
    out[#out + 1] = list[i]
  end
  return take and take < 0 and order.reverse(out) or out
end

return order
