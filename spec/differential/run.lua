-- Runs cases: a case is a seed, from which come a schema, its rows and then queries, each answered by the evaluator and by every engine.
local random = require "differential.random"
local generator = require "differential.schema"
local rows = require "differential.rows"
local engine = require "differential.engine"
local check = require "differential.check"
local shrink = require "differential.shrink"
local show = require "differential.show"
local make_read = require "differential.make_read"
local make_write = require "differential.make_write"
local scope = require "differential.scope"

local run = { SHRINK_SECONDS = 10 }

local QUERIES = 40

local function report(case, on, call, difference, kind)
  local small, data, words = shrink.run(on, case.schema, case.data, call, kind, run.SHRINK_SECONDS)
  local expected = check.expected(case.schema, data, on.name, small)
  return table.concat({
    ("RILLE_SEED=%d, query %d, on %s: %s"):format(case.seed, case.number, on.name, words or difference),
    "--- schema", case.text .. "--- rows", show.data(case.schema, data), "--- call", show.call(small),
    "--- expected: " .. (expected.code and "error " .. expected.code or show.text(expected.value)), "--- the call as it was made: " .. show.call(call),
  }, "\n")
end

-- The tables after a call; nil when the evaluator does not know, or when they would differ from engine to engine, as after update_many where
-- "contains" knows no case on one of them.
local function answers(case, call)
  local data
  for _, on in ipairs(case.engines) do
    local expected = check.expected(case.schema, case.data, on.name, call)
    if expected.skip then return nil end
    data = data or expected.data
    if not rows.same(data, expected.data) then return nil end
  end
  return data or case.data
end

-- One query on all engines. Returns whether there was an answer; disagreements go to `found`.
local function query(case, found)
  local make = case.random:chance(3) and make_write or make_read
  local ctx = { r = case.random, schema = case.schema, data = case.data, insensitive = true }
  local call = make.call(ctx)
  if case.scoped then call.scope = scope.make { r = case.random, schema = case.schema, data = case.data } end
  local after = answers(case, call)
  if not after then return false end
  for _, on in ipairs(case.engines) do
    local difference, kind = check.call(on, case.schema, case.data, call)
    if difference then
      found[#found + 1] = report(case, on, call, difference, kind)
      on:refill(case.schema, after)
    end
  end
  case.data = after
  return true
end

function run.open(seed)
  local r = random.new(seed)
  local schema = generator.make(r)
  local case = { seed = seed, random = r, schema = schema, text = generator.text(schema), data = rows.fill(r, schema), engines = {} }
  for i, name in ipairs(engine.names) do
    case.engines[i] = engine.open(name, case.text)
    case.engines[i]:fill(schema, case.data)
  end
  return case
end

-- Runs the case of a seed with at most `limit` queries. Returns how many had an answer, and the reports of disagreements. scoped: each by a client with
-- a scope.
function run.case(seed, limit, scoped)
  local case, answered, found = run.open(seed), 0, {}
  case.scoped = scoped
  for number = 1, QUERIES do
    case.number = number
    if answered < limit and query(case, found) then answered = answered + 1 end
  end
  for _, on in ipairs(case.engines) do on:close() end
  return answered, found
end

return run
