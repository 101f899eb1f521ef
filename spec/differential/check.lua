-- Asks the evaluator and an engine the same, and compares.
local rows = require "differential.rows"
local read = require "differential.read"
local aggregate = require "differential.aggregate"
local write = require "differential.write"
local compare = require "differential.compare"
local values = require "differential.values"
local engine = require "differential.engine"
local scope = require "differential.scope"

local check = {}

-- What the evaluator says of a call: { value, data } with the tables after it, { code } when it must fail, or { skip }.
function check.expected(schema, data, engine_name, call)
  local ctx = { schema = schema, data = write[call.method] and rows.copy(data) or data, engine = engine_name }
  local method = read[call.method] or aggregate[call.method] or write[call.method]
  if call.scope then
    if write[call.method] and scope.refuses(schema, call) then return { code = "VALIDATION", data = data } end
    ctx = scope.view(ctx, call.scope)
  end
  local ok, value = pcall(function()
    local result = method(ctx, schema.by_name[call.model], call.args)
    if ctx.whole then scope.check(ctx) end
    return result
  end)
  if ok then return { value = value, data = ctx.whole or ctx.data } end
  if type(value) ~= "table" then error(value, 0) end
  return value.skip and value or { code = value.code, data = data }
end

local function sorted(list, model, key_of)
  local out = table.move(list, 1, #list, 1, {})
  local function key(row)
    local parts = {}
    for i, name in ipairs(model.id) do parts[i] = key_of(row[name]) end
    return table.concat(parts, "\0")
  end
  table.sort(out, function(a, b) return key(a) < key(b) end)
  return out
end

local function result_difference(on, schema, call, expected, got)
  local value = expected.value
  if write.unordered[call.method] and type(got) == "table" then
    local model = schema.by_name[call.model]
    value, got = sorted(value, model, values.key), sorted(got, model, values.key)
  end
  return compare.difference(on.rille, value, got)
end

-- Compares all tables with the evaluator's; nil when they are the same.
function check.tables(on, schema, data)
  for _, call in ipairs(engine.whole_tables(schema)) do
    local expected = check.expected(schema, data, on.name, call)
    local ok, got = on:call(call)
    local difference = not ok and tostring(got) or compare.difference(on.rille, expected.value, got, "table " .. call.model)
    if difference then return difference end
  end
end

local function code_of(e) return type(e) == "table" and e.code or "none" end

local constraint = { P2002 = true, P2003 = true, P2020 = true, VALIDATION = true }
local of_nested = { P2014 = true, P2017 = true, P2018 = true, P2025 = true }

-- How many nested operations a write has.
local function count_nested(data)
  local parts = 0
  for name, v in pairs(data) do
    if type(name) == "number" then parts = parts + count_nested(v) end
    local op, inner = nil, nil
    if type(name) == "string" and type(v) == "table" and not values.is_marker(v) then op, inner = next(v) end
    if type(inner) == "table" and not values.is_marker(inner) then parts = parts + math.max(1, #inner) + count_nested(inner)
    elseif op == "delete" or op == "disconnect" then parts = parts + 1 end
  end
  return parts
end

-- Where more than one part of a write fails, it is open which does so first.
local function may_be_first(call, expected, got)
  local parts = 0
  for _, name in ipairs { "data", "create", "update" } do parts = parts + count_nested(call.args[name] or {}) end
  if call.scope and #(call.args.data or {}) > 1 then parts = parts + 1 end -- the keys of all rows are checked after the last one
  if constraint[expected] and (constraint[got] or of_nested[got]) or constraint[got] and of_nested[expected] then return parts > 0 end
  return of_nested[got] and of_nested[expected] and parts > 1
end

-- Runs a call on an engine that holds `data`. Returns nil or how it disagrees, the kind of that, and the evaluator's answer.
function check.call(on, schema, data, call)
  local expected = check.expected(schema, data, on.name, call)
  if expected.skip then return nil, "skip", expected end
  local ok, got = on:call(call)
  local difference, kind
  if expected.code then
    if ok then difference, kind = ("expected the error %s, got %s"):format(expected.code, compare.show(on.rille, got)), "no error"
    elseif code_of(got) ~= expected.code and not may_be_first(call, expected.code, code_of(got)) then
      difference, kind = ("expected the error %s, got %s"):format(expected.code, tostring(got)), ("error %s for %s"):format(code_of(got), expected.code)
    end
  elseif not ok then difference, kind = tostring(got), "error " .. code_of(got)
  else difference, kind = result_difference(on, schema, call, expected, got), "result" end
  if not difference and write[call.method] then difference, kind = check.tables(on, schema, expected.data), "tables" end
  return difference, kind, expected
end

return check
