--- Rows of a model before they are written: each field comes from the caller, otherwise from the definition, otherwise from the schema.
local errors = require "rille.errors"
local fields = require "rille.seed.fields"
local random = require "rille.seed.random"

local rows = {}

local TRIES = 500

--- Marks what stands for related rows in a definition.
rows.RELATED = {}

function rows.is_related(value) return type(value) == "table" and rawget(value, rows.RELATED) ~= nil end

local function by_name(list)
  local found = {}
  for _, item in ipairs(list) do found[item.name] = item end
  return found
end

--- What is derived from a model, once: { model, field, relations by key field, unique keys }.
function rows.plan(schema, model)
  local plan = { model = model, field = by_name(model.fields), holder = {}, keys = {}, enums = by_name(schema.enums) }
  for _, f in ipairs(model.fields) do
    if f.kind == "relation" and f.holds_key and not f.ignored then
      for _, name in ipairs(f.own_fields) do plan.holder[name] = f end
    end
  end
  for _, key in ipairs(model.keys) do
    if key.names_row then plan.keys[#plan.keys + 1] = key end
  end
  return plan
end

local function bad_name(plan, name, what)
  local near = errors.nearest(tostring(name), plan.field)
  errors.raise("VALIDATION", "seed: %s has no field `%s`%s%s", plan.model.name, tostring(name), what, near and ("; did you mean `%s`?"):format(near) or "")
end

--- Raises unless every key names a field.
function rows.check_names(plan, given, what)
  errors.check_plain(given, "seed: the fields of " .. plan.model.name)
  for name in pairs(given) do
    if not plan.field[name] or plan.field[name].ignored then bad_name(plan, name, what or "") end
  end
end

-- Each field has its own source of random numbers, so that a field that is added later changes no other.
local function source(state, plan, name)
  local id = plan.model.name .. "." .. name
  local g = state.sources[id]
  if not g then
    g = random.new(state.seed, id)
    state.sources[id] = g
  end
  return g
end
rows.source = source

local function value_of(state, plan, name, given, row, index)
  if type(given) ~= "function" then return given end
  local g = source(state, plan, name)
  g.row, g.index = row, index
  return given(g)
end

-- Returns whether another row already has the same values of a key; otherwise remembers them.
local function clashes(state, plan, row)
  local found = {}
  for _, key in ipairs(plan.keys) do
    local parts = {}
    for i, name in ipairs(key.fields) do
      if row[name] == nil then parts = nil break end
      parts[i] = tostring(row[name])
    end
    if parts then
      local id = ("%s %s\0%s"):format(plan.model.name, key.client_name, table.concat(parts, "\0"))
      if state.taken[id] then return key end
      found[#found + 1] = id
    end
  end
  for _, id in ipairs(found) do state.taken[id] = true end
  return nil
end

-- A new value for a unique String field: one with a number, within its length.
local function numbered(text, n, length)
  local mark = tostring(n)
  local mailbox, host = text:match "^([^@]+)(@[^@]+)$"
  if mailbox and (not length or #text + 1 + #mark <= length) then return mailbox .. "." .. mark .. host end
  if length and #text + #mark > length then text = text:sub(1, length - #mark) end
  return text .. mark
end

-- Native types that accept any string.
local FREE_TEXT = { VarChar = true, Char = true, Text = true, Citext = true }
local SHORT = 8 -- a number would use all of it: random letters and digits give more values

local function from_schema(state, plan, f, row, index, try)
  local made = plan.made and plan.made[f.name]
  if not made then
    local generator, length = fields.generator(f, plan.model, plan.enums)
    made = { generator, length }
    plan.made = plan.made or {}
    plan.made[f.name] = made
  end
  local value = value_of(state, plan, f.name, made[1], row, index)
  if try > 3 and f.type == "String" and (not f.native or FREE_TEXT[f.native]) then
    local length = made[2]
    if length and length < SHORT then return source(state, plan, f.name):pattern(("*"):rep(length)) end
    return numbered(value, index + try, length)
  end
  if try > 3 and (f.type == "Int" or f.type == "BigInt") then return index + try end
  return value
end

-- Fields are generated in the order of the schema, but a field that another one reads (g.row.name) before that.
local function fill(state, plan, definition, overrides, index, try, parents)
  local row, related, begun = {}, {}, {}
  local view = {}
  local function make(f)
    begun[f.name] = true
    local given = overrides[f.name]
    if given == nil then given = definition[f.name] end
    if given == nil then given = parents[f.name] end
    if rows.is_related(given) then
      related[f.name] = given
    elseif given ~= nil then
      row[f.name] = value_of(state, plan, f.name, given, view, index)
    elseif f.kind ~= "relation" and not fields.may_be_absent(f) and not plan.holder[f.name] then
      row[f.name] = from_schema(state, plan, f, view, index, try)
    end
  end
  setmetatable(view, { __index = function(_, name)
    local f = plan.field[name]
    if not f then bad_name(plan, name, "") end
    if not begun[name] then make(f) end
    return row[name]
  end })
  for _, f in ipairs(plan.model.fields) do
    if not begun[f.name] and not f.ignored then make(f) end
  end
  return row, related
end

--- Returns one row. parents(try): a table of foreign keys, a different one for each try.
---@return table row
---@return table related what stands for rows of relations, by field
function rows.make(state, plan, definition, overrides, index, parents)
  local clash
  for try = 1, TRIES do
    local row, related = fill(state, plan, definition, overrides, index, try, parents(try))
    clash = clashes(state, plan, row)
    if not clash then return row, related end
  end
  return errors.raise("VALIDATION", "seed: no further row of %s could be found whose %s differs from the previous ones; "
    .. "create fewer rows, or allow more values", plan.model.name, table.concat(clash.fields, " and "))
end

return rows
