-- A database that a case runs on: its tables made and filled by rille, calls answered by rille.
local generator = require "differential.schema"
local show = require "differential.show"
local values = require "differential.values"
local support = require "support"

local engine = {}
engine.__index = engine

-- The engines that there are to ask.
engine.names = support.engines

local database, serial
local LIKE_LUA = "CREATE DATABASE \"%s\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"

-- One PostgreSQL database for all cases, a schema each. It orders text by bytes, as Lua and SQLite do.
local function postgres_url()
  if not database then
    database = support.database_name(support.database "postgresql")
    support.psql(('DROP DATABASE "%s";\n'):format(database) .. LIKE_LUA:format(database))
    serial = 0
  end
  serial = serial + 1
  return (support.server:gsub("/postgres$", "/" .. database)) .. "?schema=case" .. serial
end

-- The case's database on an engine. Ends with support.cleanup.
function engine.open(name, text)
  local rille = require "rille"
  local self = setmetatable({ name = name, rille = rille, text = text, url = name == "sqlite" and support.database "sqlite" or postgres_url() }, engine)
  rille.push { schema_text = text, url = self.url }
  self.plain = rille.connect { schema_text = text, url = self.url, pool = { size = 1 } }
  self.db = engine.extended and engine.extend(self.plain) or self.plain
  return self
end

local cases = 0

-- The same client with extensions that change nothing: a function around each call, and hooks for each row, of all models or of every second one.
-- `engine.extended` asks for it.
function engine.extend(db)
  local function nothing() end
  local function same(row)
    local copy = {}
    for name, value in pairs(row) do copy[name] = value end
    return copy
  end
  local hooks, write = { before = same, after = nothing }, {}
  cases = cases + 1
  for i, model in ipairs(db:schema().models) do
    if cases % 3 == 0 or i % 2 == cases % 3 - 1 then write[model.name] = hooks end
  end
  return db:extend { write = write }:extend {
    query = { ["*"] = function(call) return call.run(call.args) end },
    result = { ["*"] = { nothing_ = { compute = nothing } } },
  }
end

function engine:close()
  if self.db ~= self.plain then self.db:close() end
  self.plain:close()
  if self.name == "sqlite" then os.remove((self.url:gsub("^file:", ""))) end
end

local function run(self, call)
  local db = call.scope and self.db:with { scope = show.argument(self.rille, call.scope) } or self.db
  local model = db[call.model]
  local args = show.argument(self.rille, call.args)
  if call.method ~= "each" then return model[call.method](model, args) end
  local list = {}
  for row in model:each(args) do list[#list + 1] = row end
  return list
end

-- Runs a call; returns as pcall does.
function engine:call(call) return pcall(run, self, call) end

local function must(self, call)
  local ok, e = self:call(call)
  if not ok then error(("on %s: %s\n%s"):format(self.name, tostring(e), show.call(call)), 0) end
end

local function self_relations(schema, model)
  local out = {}
  for _, relation in ipairs(schema.relations) do
    if relation.kind ~= "mn" and relation.parent == model and relation.child == model then out[#out + 1] = relation end
  end
  return out
end

local function without_keys(row, relations)
  local out, keys = {}, nil
  for name, v in pairs(row) do out[name] = v end
  for _, relation in ipairs(relations) do
    for _, name in ipairs(relation.fields) do
      if row[name] ~= nil then
        keys = keys or {}
        keys[name], out[name] = row[name], nil
      end
    end
  end
  return out, keys
end

-- Rows that point to rows of their own table get that key afterwards: two may point to each other.
local function fill_table(self, schema, model, list)
  local bare, later, relations = {}, {}, self_relations(schema, model)
  for i, row in ipairs(list) do
    local keys
    bare[i], keys = without_keys(row, relations)
    if keys then later[#later + 1] = { row = row, keys = keys } end
  end
  if #list > 0 then must(self, { model = model.name, method = "create_many", args = { data = bare } }) end
  for _, item in ipairs(later) do
    local where = {}
    for _, name in ipairs(model.id) do where[name] = item.row[name] end
    must(self, { model = model.name, method = "update_many", args = { where = where, data = item.keys } })
  end
end

function engine:fill(schema, data)
  for _, model in ipairs(schema.models) do fill_table(self, schema, model, data.rows[model.name]) end
  for _, relation in ipairs(schema.relations) do
    for _, link in ipairs(data.links[relation.name] or {}) do
      local connect = { [relation.down] = { connect = { id = link.child } } }
      must(self, { model = relation.parent.name, method = "update", args = { where = { id = link.parent }, data = connect } })
    end
  end
end

-- Empties the tables and fills them with other rows.
function engine:refill(schema, data)
  for i = #schema.models, 1, -1 do
    local model = schema.models[i]
    for _, relation in ipairs(self_relations(schema, model)) do
      local nothing = {}
      for _, name in ipairs(relation.fields) do nothing[name] = values.null end
      must(self, { model = model.name, method = "update_many", args = { where = values.all, data = nothing } })
    end
    must(self, { model = model.name, method = "delete_many", args = { where = values.all } })
  end
  self:fill(schema, data)
end

-- All rows of all tables with what they are linked to, as the evaluator's read.find_many gives them.
function engine.whole_tables(schema)
  local calls = {}
  for i, model in ipairs(schema.models) do
    local include, order_by = nil, {}
    for j, name in ipairs(model.id) do order_by[j] = { [name] = "asc" } end
    for _, field in ipairs(generator.relations(model)) do
      if field.relation.kind == "mn" then
        include = include or {}
        include[field.name] = { select = { id = true }, order_by = { { id = "asc" } } }
      end
    end
    calls[i] = { model = model.name, method = "find_many", args = { include = include, order_by = order_by } }
  end
  return calls
end

return engine
