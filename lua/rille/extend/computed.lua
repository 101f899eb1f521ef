--- Computed fields: which of them a call returns, what must be read for them, and computing them in its rows.
local core = require "rille.core"
local errors = require "rille.errors"
local facts = require "rille.extend.facts"
local options = require "rille.options"

local computed = {}

--- A computed field of a model. A later one of the same name hides it, and may need it.
---@class rille.Computed
---@field name string
---@field compute fun(row: table): any
---@field columns string[] the fields of the model that it needs
---@field uses rille.Computed[] the computed fields that it needs

-- ---------------------------------------------------------------------------------------------------------------------------- one list per model

-- The fields that an extension adds to a model. Those for all models are left out where the model lacks a field that they need.
local function fields_of(definition, own, latest)
  local fields = {}
  local every = definition.result["*"] or {}
  local function has(name, seen)
    local field = own.by_name[name]
    if latest[name] or field and field.kind ~= "relation" then return true end
    if not every[name] or seen[name] then return every[name] ~= nil end
    seen[name] = true
    for _, need in ipairs(every[name].needs) do
      if not has(need, seen) then return false end
    end
    return true
  end
  for name, field in pairs(every) do
    local complete = not own.by_name[name] or own.by_name[name].kind ~= "relation"
    for _, need in ipairs(field.needs) do complete = complete and has(need, { [name] = true }) end
    if complete then fields[name] = field end
  end
  for name, field in pairs(definition.result[own.name] or {}) do fields[name] = field end
  return fields
end

local function sorted_names(fields)
  local names = {}
  for name in pairs(fields) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- Appends the fields of one extension to the list, each after those that it needs.
local function append(list, latest, fields, own)
  local done, open = {}, {}
  local function visit(name)
    if done[name] then return done[name] end
    if open[name] then errors.raise("VALIDATION", "extend: result.%s.%s: the computed field needs itself", own.snake, name) end
    open[name] = true
    local one = { name = name, compute = fields[name].compute, columns = {}, uses = {} }
    for _, need in ipairs(fields[name].needs) do
      local other = need ~= name and fields[need] and visit(need) or latest[need]
      if other then one.uses[#one.uses + 1] = other else one.columns[#one.columns + 1] = need end
    end
    done[name] = one
    list[#list + 1] = one
    return one
  end
  local names = sorted_names(fields)
  for _, name in ipairs(names) do visit(name) end
  for _, name in ipairs(names) do latest[name] = done[name] end
end

--- Returns the computed fields of a model in the order in which they are computed, and by name.
---@param definitions table[] from the first extension to the last
---@param own rille.ExtendedFacts
---@return rille.Computed[] list
---@return table<string, rille.Computed> latest
function computed.of(definitions, own)
  local list, latest = {}, {}
  for _, definition in ipairs(definitions) do
    local fields = fields_of(definition, own, latest)
    if next(fields) then append(list, latest, fields, own) end
  end
  return list, latest
end

-- -------------------------------------------------------------------------------------------------------------------------------- the arguments

local function is_yes(value) return value ~= false and facts.is_given(value) end

-- Tables that the core will refuse are left as they are.
local function readable(value, path)
  if type(value) ~= "table" or core.decoded(value) then return nil end
  return core.plain(value, path)
end

local function want(wanted, one)
  if wanted[one] then return end
  wanted[one] = true
  for _, other in ipairs(one.uses) do want(wanted, other) end
end

local function check_flag(value, path)
  if type(value) ~= "boolean" and value ~= core.null then options.refuse(path, "a boolean, because the field is computed", value) end
end

-- `select` without computed fields, with the fields that they need. Adds what must be removed from the rows to `drop`.
local function select_columns(info, select, wanted, drop)
  local new, shown = {}, {}
  for name, value in pairs(select) do
    local one = info.latest[name]
    if one then
      check_flag(value, "select." .. name)
      if is_yes(value) then
        want(wanted, one)
        shown[name] = true
      end
    else
      new[name] = value
    end
  end
  for one in pairs(wanted) do
    for _, column in ipairs(one.columns) do
      if not is_yes(new[column]) then
        new[column] = true
        if not shown[column] then drop[column] = true end
      end
    end
  end
  if next(wanted) and next(new) == nil then
    for _, name in ipairs(info.facts.key) do new[name], drop[name] = true, not shown[name] or nil end
  end
  return new, shown
end

-- The same for `omit`.
local function omit_columns(x, info, omit, wanted, drop)
  local new, shown = {}, {}
  for name, value in pairs(omit) do
    if info.latest[name] then check_flag(value, "omit." .. name) end
    if not info.latest[name] or info.facts.by_name[name] then new[name] = value end
  end
  for name, one in pairs(info.latest) do
    if not is_yes(omit[name]) then
      want(wanted, one)
      shown[name] = true
    end
  end
  for one in pairs(wanted) do
    for _, column in ipairs(one.columns) do
      local left_out = is_yes(new[column]) or new[column] == nil and x.omitted[info.facts.snake .. "." .. column]
      if left_out then
        new[column] = false
        if not shown[column] then drop[column] = true end
      end
    end
  end
  return new, shown
end

local expand

-- Expands the relations of `select` or `include`. Returns the changed table, or nil.
local function expand_relations(x, info, container, shape, path)
  local changed
  for name, value in pairs(container) do
    local field = info.facts.by_name[name]
    if field and field.kind == "relation" and is_yes(value) then
      local level = value == true and {} or readable(value, path .. "." .. name)
      local new, child
      if level then new, child = expand(x, x.info(field.target), level, path .. "." .. name) end
      if child then
        changed = changed or facts.copy(container)
        changed[name] = next(new) and new or true
        shape.children[#shape.children + 1] = { name = name, list = field.list, shape = child }
        if is_yes(level.recursive) then child.children[#child.children + 1] = { name = name, list = field.list, shape = child } end
      end
    end
  end
  return changed
end

-- The computed fields in the order of the list; those that were not asked for are removed again.
local function set_fields(info, shape, wanted, shown, drop)
  for _, one in ipairs(info.computed) do
    if wanted[one] then
      shape.fields[#shape.fields + 1] = one
      if not shown[one.name] and not info.facts.by_name[one.name] then drop[one.name] = true end
    end
  end
  for name in pairs(drop) do shape.drop[#shape.drop + 1] = name end
end

function expand(x, info, level, path)
  local select, include, omit = readable(level.select, path .. ".select"), readable(level.include, path .. ".include"), readable(level.omit, path .. ".omit")
  local shape, wanted, drop, new = { fields = {}, drop = {}, children = {} }, {}, {}, facts.copy(level)
  if #info.computed > 0 and (select or level.select == nil) and (omit or level.omit == nil) then
    local shown
    if select then
      select, shown = select_columns(info, select, wanted, drop)
      new.select = select
    else
      local given = omit
      omit, shown = omit_columns(x, info, omit or {}, wanted, drop)
      new.omit = (given or next(omit)) and omit or nil
    end
    set_fields(info, shape, wanted, shown, drop)
  end
  if select then new.select = expand_relations(x, info, select, shape, path .. ".select") or new.select end
  if include then new.include = expand_relations(x, info, include, shape, path .. ".include") or new.include end
  if #shape.fields == 0 and #shape.children == 0 and #info.computed == 0 then return level, nil end
  return new, shape
end

--- Returns the arguments of a call without computed fields, with what these need, and what is to be done with the rows: nil if nothing is.
---@param x { info: (fun(model: string): table), omitted: table<string, true> }
---@param info table of the model
---@param args table
---@return table args
---@return table|nil shape
function computed.expand(x, info, args) return expand(x, info, args, "") end

-- -------------------------------------------------------------------------------------------------------------------------------------- the rows

-- Strict rows know their keys: those that were computed are added, those that were removed are not.
local function set_strict(shape, row, strict)
  local names, removed = {}, {}
  for _, one in ipairs(shape.fields) do names[#names + 1] = one.name end
  for _, name in ipairs(shape.drop) do removed[#removed + 1] = name end
  if shape.strict ~= strict then shape.strict, shape.own = strict, strict.changed(names, removed) end
  setmetatable(row, shape.own)
end

local function apply(shape, row)
  if type(row) ~= "table" then return end
  for _, child in ipairs(shape.children) do
    local value = rawget(row, child.name)
    if child.list and type(value) == "table" then
      for _, one in ipairs(value) do apply(child.shape, one) end
    else
      apply(child.shape, value)
    end
  end
  for _, one in ipairs(shape.fields) do rawset(row, one.name, (one.compute(row))) end
  for _, name in ipairs(shape.drop) do rawset(row, name, nil) end
  local strict = getmetatable(row)
  if strict and strict["rille.row"] then set_strict(shape, row, strict) end
end

--- Computes the fields of a row, or of a list of rows.
---@param shape table|nil of computed.expand
---@param result any
---@param is_list boolean
function computed.apply(shape, result, is_list)
  if not shape then return end
  if not is_list then return apply(shape, result) end
  if type(result) ~= "table" then return end
  for _, row in ipairs(result) do apply(shape, row) end
end

return computed
