--- Factories: rows by model, with their parents and children, written in batches.
local client = require "rille.client"
local core = require "rille.core"
local errors = require "rille.errors"
local options = require "rille.options"
local fields = require "rille.seed.fields"
local progress = require("rille.progress").progress
local rows = require "rille.seed.rows"

local factory = {}
factory.__index = factory

local BATCH, POOL = 500, 1000

-- ------------------------------------------------------------------ what stands for related rows

local function related(kind, model, count, overrides)
  if type(model) ~= "string" then errors.raise("VALIDATION", "seed.%s: expected the name of a model", kind) end
  return { [rows.RELATED] = kind, model = model, count = count, overrides = overrides or {} }
end

--- For a list: n new related rows, or between { least, most }. The overrides are like those of create.
function factory.many(model, n, overrides) return related("many", model, n or 1, overrides) end

--- For a single row: a new related row each time.
function factory.one(model, overrides) return related("one", model, 1, overrides) end

--- An existing row, or for a list n (or between { least, most }) different ones.
function factory.pick(model, n) return related("pick", model, n or 1) end

-- ------------------------------------------------------------------ factories

local SEED = options.declare("rille.SeedOptions", {
  { "db", "table", required = true, is = "rille.ClientMethods", doc = "the client that creates the rows" },
  { "seed", "any", is = "integer|string", doc = "1" },
  { "batch", "integer", least = 1, doc = "rows per statement: 500" },
  { "progress", "any", is = 'boolean|"lines"|fun(model: string, done: integer, total: integer)',
    doc = 'a bar on a terminal; false: none; "lines": a line a model' },
})

--- Returns factories on a client. The same seed, definitions and calls give the same rows.
---@param given rille.SeedOptions
function factory.new(given)
  options.check(SEED, given or {}, "seed.new")
  local seed, batch = given.seed or 1, given.batch or BATCH
  if type(seed) ~= "number" and type(seed) ~= "string" then options.refuse("seed.new: seed", "a number or a string", seed) end
  local schema = core.schema_models(client.scope(given.db, "seed"))
  local self = setmetatable({ db = given.db, schema = schema, batch = batch, progress = given.progress, plans = {}, names = {}, definitions = {},
    pools = {}, making = {}, state = { seed = seed, sources = {}, taken = {} }, counts = {} }, factory)
  for _, m in ipairs(schema.models) do
    if not m.ignored then
      local plan = rows.plan(schema, m)
      self.names[m.snake] = true
      for _, name in ipairs { m.snake, m.camel, m.name } do self.plans[name] = plan end
    end
  end
  return self
end

local function plan_of(self, name)
  local plan = type(name) == "string" and self.plans[name]
  if plan then return plan end
  local near = type(name) == "string" and errors.nearest(name, self.names)
  return errors.raise("VALIDATION", "seed: the schema has no model `%s`%s", tostring(name), near and ("; did you mean `%s`?"):format(near) or "")
end

local function check_definition(self, plan, definition)
  if type(definition) ~= "table" then errors.raise("VALIDATION", "seed: %s: expected a table of fields, got a %s", plan.model.name, type(definition)) end
  rows.check_names(plan, definition)
  for name, value in pairs(definition) do
    local f = plan.field[name]
    if rows.is_related(value) then
      if f.kind ~= "relation" then errors.raise("VALIDATION", "seed: %s.%s is not a relation", plan.model.name, name) end
      if plan_of(self, value.model).model.name ~= f.target then
        errors.raise("VALIDATION", "seed: %s.%s leads to %s, not to %s", plan.model.name, name, f.target, value.model)
      end
      local kind = value[rows.RELATED]
      if (kind == "many" and not f.list) or (kind == "one" and f.list) then
        errors.raise("VALIDATION", "seed: %s.%s is %s; write seed.%s", plan.model.name, name, f.list and "a list" or "a single row", f.list and "many" or "one")
      end
    end
  end
end

--- Defines what the fields of a model get: values, functions of a source of random numbers (such as seed.name), or related rows (many, one, pick).
--- Other fields depend on the schema.
function factory:define(model, definition)
  local plan = plan_of(self, model)
  check_definition(self, plan, definition)
  self.definitions[plan.model.name] = definition
  return self
end

-- ------------------------------------------------------------------ parents

local function key_of(row, names)
  local key = {}
  for i, name in ipairs(names) do key[i] = row[name] end
  return key
end

-- Rows of a model that can be parents: those created here, otherwise those in the database.
local function pool_of(self, plan)
  local pool = self.pools[plan.model.name]
  if pool then return pool end
  local order = {}
  for _, key in ipairs(plan.model.keys) do
    if key.kind == "primary" then
      for i, name in ipairs(key.fields) do order[i] = { [name] = "asc" } end
    end
  end
  pool = self.db[plan.model.name]:find_many { order_by = order, take = POOL }
  self.pools[plan.model.name] = pool
  return pool
end

local function enter(self, plan)
  if self.making[plan.model.name] then
    errors.raise("VALIDATION", "seed: rows of %s need themselves first, through required relations; give one of the relations", plan.model.name)
  end
  self.making[plan.model.name] = true
end

local function make_parents(self, target, n, overrides)
  enter(self, target)
  local made = factory.make(self, target, n, overrides or {})
  self.making[target.model.name] = nil
  return made
end

-- Returns a function that returns, row by row, the foreign keys of a relation.
local function parent_keys(self, plan, f, wanted, total)
  local target, g = plan_of(self, f.target), rows.source(self.state, plan, f.name)
  local single = not plan_of(self, f.target).field[f.opposite].list
  local kind = wanted and wanted[rows.RELATED]
  local own
  if kind == "one" or (single and kind ~= "pick") then
    own = make_parents(self, target, total, wanted and wanted.overrides)
  else
    enter(self, plan)
    local pool = pool_of(self, target)
    if #pool == 0 and kind == "pick" then
      errors.raise("VALIDATION", "seed: there is no row of %s to pick for %s.%s", target.model.name, plan.model.name, f.name)
    end
    if #pool == 0 then pool = make_parents(self, target, math.max(1, math.min(10, math.ceil(total / 3)))) end
    self.making[plan.model.name] = nil
    own = pool
    if single then own = g:sample(pool, total) end
  end
  local each = kind == "one" or single
  return function(index)
    local row = each and own[index] or not each and g:choice(own)
    if not row then
      errors.raise("VALIDATION", "seed: there are too few rows of %s for %s.%s, which takes each once", target.model.name, plan.model.name, f.name)
    end
    return key_of(row, f.other_fields)
  end
end

-- A function as above for each relation to fill whose foreign key is in the rows.
local function parent_makers(self, plan, definition, overrides, total)
  local makers = {}
  for _, f in ipairs(plan.model.fields) do
    if f.kind == "relation" and f.holds_key and not f.ignored then
      local said = overrides[f.name]
      if said == nil then said = definition[f.name] end
      local by_key, required = false, false
      for _, name in ipairs(f.own_fields) do
        by_key = by_key or overrides[name] ~= nil or definition[name] ~= nil
        required = required or not fields.may_be_absent(plan.field[name])
      end
      if rows.is_related(said) then
        makers[#makers + 1] = { f, parent_keys(self, plan, f, said, total) }
      elseif said == nil and not by_key and required then
        makers[#makers + 1] = { f, parent_keys(self, plan, f, nil, total) }
      end
    end
  end
  return makers
end

-- ------------------------------------------------------------------ children

local function how_many(g, count)
  if type(count) == "table" then return g:int(count[1], count[2]) end
  return count
end

-- Rows of a many-to-many relation exist before the row, and are connected with it.
local function connections(self, f, wanted, g)
  local target, n = plan_of(self, f.target), how_many(g, wanted.count)
  local chosen
  if wanted[rows.RELATED] == "pick" then
    chosen = g:sample(pool_of(self, target), n)
  else
    chosen = n > 0 and make_parents(self, target, n, wanted.overrides) or {}
  end
  local key = target.keys[1].fields[1]
  local connect = {}
  for i, row in ipairs(chosen) do connect[i] = { [key] = row[key] } end
  return #connect > 0 and { connect = connect } or nil
end

-- Children of all rows at once.
local function add_children(self, plan, made, wishes)
  for name, list in pairs(wishes) do
    local f = plan.field[name]
    local target = plan_of(self, f.target)
    local g, keys, overrides = rows.source(self.state, plan, name), {}, nil
    for i, row in ipairs(made) do
      local wanted = list[i]
      for _ = 1, wanted and how_many(g, wanted.count) or 0 do keys[#keys + 1] = key_of(row, f.own_fields) end
      overrides = overrides or wanted and wanted.overrides
    end
    local values = {}
    for name_of, value in pairs(overrides or {}) do values[name_of] = value end
    for i, own in ipairs(f.other_fields) do
      values[own] = function(child) return keys[child.batch_index][i] end
    end
    if #keys > 0 then factory.make(self, target, #keys, values) end
  end
end

-- ------------------------------------------------------------------ making

-- A list of rows for create_many, and the later children of each.
local function build(self, plan, n, overrides)
  local name = plan.model.name
  local definition, wishes, built = self.definitions[name] or {}, {}, {}
  local makers = parent_makers(self, plan, definition, overrides, n)
  local index = 0
  local function parents()
    local keys = {}
    for _, maker in ipairs(makers) do
      for i, value in ipairs(maker[2](index)) do keys[maker[1].own_fields[i]] = value end
    end
    return keys
  end
  for i = 1, n do
    index = i
    self.counts[name] = (self.counts[name] or 0) + 1
    for _, f in ipairs(plan.model.fields) do rows.source(self.state, plan, f.name).batch_index = i end
    local row, wanted = rows.make(self.state, plan, definition, overrides, self.counts[name], parents)
    for field, wish in pairs(wanted) do
      local f = plan.field[field]
      if f.relation == "many_to_many" then
        row[field] = connections(self, f, wish, rows.source(self.state, plan, field))
      elseif not f.holds_key then
        wishes[field] = wishes[field] or {}
        wishes[field][i] = wish
      end
    end
    built[i] = row
  end
  return built, wishes
end

local function copy(list)
  local made = {}
  for i, value in ipairs(list) do made[i] = value end
  return made
end

--- Creates n rows, for create.
function factory.make(self, plan, n, overrides)
  local built, wishes = build(self, plan, n, overrides)
  local model, tell, made = self.db[plan.model.name], progress(plan.model.snake, n, self.progress), {}
  for first = 1, n, self.batch do
    local part = {}
    for i = first, math.min(n, first + self.batch - 1) do part[#part + 1] = built[i] end
    for _, row in ipairs(model:create_many_and_return { data = part }) do made[#made + 1] = row end
    tell(#made)
  end
  local pool = self.pools[plan.model.name]
  if pool then
    for _, row in ipairs(made) do pool[#pool + 1] = row end
  else
    self.pools[plan.model.name] = copy(made)
  end
  add_children(self, plan, made, wishes)
  return made
end

local function arguments(self, model, n, overrides)
  if type(n) == "table" then n, overrides = nil, n end
  local plan = plan_of(self, model)
  if plan.model.view then errors.raise("VALIDATION", "seed: %s is a view and can only be read", plan.model.name) end
  if n ~= nil and (type(n) ~= "number" or n < 0 or n % 1 ~= 0) then
    errors.raise("VALIDATION", "seed: expected an integer as the number of rows of %s", plan.model.name)
  end
  check_definition(self, plan, overrides or {})
  self.making = {} -- a failed call may have left something in it
  return plan, n, overrides or {}
end

--- Creates rows: `f:create("user", 100, { role = "ADMIN" })` returns a list of them, `f:create("user", { name = "Mara" })` and `f:create "user"`
--- return the one row. Fields that are not in the overrides come from the definition of the model, otherwise from the schema. Required parents are
--- picked from existing rows, or created.
---@param model string
---@param n? integer|table
---@param overrides? table
---@return table
function factory:create(model, n, overrides)
  local plan, count, values = arguments(self, model, n, overrides)
  local made = factory.make(self, plan, count or 1, values)
  if count then return made end
  return made[1]
end

--- Returns rows as create would write them. Writes nothing but their required parents.
function factory:build(model, n, overrides)
  local plan, count, values = arguments(self, model, n, overrides)
  local built = build(self, plan, count or 1, values)
  if count then return built end
  return built[1]
end

-- The fields that identify a row: the first key for which the rows have values.
local function known_by(plan, row)
  for _, key in ipairs(plan.keys) do
    local complete = true
    for _, name in ipairs(key.fields) do complete = complete and row[name] ~= nil end
    if complete then return key.fields end
  end
  return errors.raise("VALIDATION", "seed: rows of %s have no unique key except those that the database generates; give one to identify them",
    plan.model.name)
end

--- Creates missing rows, and sets the same values again in existing ones, so a script may run twice. Like create, but without children; the unique
--- key identifies a row. Returns the number of rows.
---@param model string
---@param n? integer|table
---@param overrides? table
---@return integer
function factory:upsert(model, n, overrides)
  local plan, count, values = arguments(self, model, n, overrides)
  local built, wishes = build(self, plan, count or 1, values)
  if next(wishes) then errors.raise("VALIDATION", "seed: upsert creates no related rows; upsert the rows of `%s` separately", (next(wishes))) end
  local tell, done = progress(plan.model.snake, #built, self.progress), 0
  for first = 1, #built, self.batch do
    local part = {}
    for i = first, math.min(#built, first + self.batch - 1) do part[#part + 1] = built[i] end
    self.db[plan.model.name]:upsert_many { data = part, on = known_by(plan, part[1]) }
    done = done + #part
    tell(done)
  end
  self.pools[plan.model.name] = nil -- existing rows are read again when needed
  return #built
end

return factory
