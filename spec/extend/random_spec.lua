-- Generated schemas and calls, answered by a client whose hooks and functions change nothing. It gives the same answers, errors and rows as the evaluator of
-- spec/differential, which knows no hooks, and, with relationMode = "prisma", as a plain client. So writes with hooks, which go row by row, are the
-- writes of the core.
--
--   RILLE_EXTENDED_QUERIES=10000  how many queries (200 when it is not given)
local engine = require "differential.engine"
local generator = require "differential.schema"
local make_write = require "differential.make_write"
local output = require "rille.command.output"
local random = require "differential.random"
local rows = require "differential.rows"
local run = require "differential.run"
local show = require "differential.show"
local support = require "support"

local queries = tonumber(os.getenv "RILLE_EXTENDED_QUERIES") or 200
local FIRST_SEED, CALLS = 41, 25

local function opened(schema, data, extended)
  engine.extended = extended
  local text = 'datasource db {\n  provider = "sqlite"\n  relationMode = "prisma"\n}\n' .. generator.text(schema)
  local on = engine.open("sqlite", text)
  local db = on.db
  on.db = on.plain -- the rows do not pass the hooks
  on:fill(schema, data)
  on.db = db
  return on
end

-- Nil, or how the two differ after a call. Where both fail, it is open which part of the call fails first.
local function difference(schema, call, plain, hooked)
  local ok, result = plain:call(call)
  local same, other = hooked:call(call)
  if ok ~= same then return tostring(result) .. " / " .. tostring(other) end
  if ok and not call.method:find "many" and output.encode(result) ~= output.encode(other) then
    return output.encode(result) .. " / " .. output.encode(other)
  end
  for _, table_call in ipairs(engine.whole_tables(schema)) do
    local a, b = select(2, plain:call(table_call)), select(2, hooked:call(table_call))
    if output.encode(a) ~= output.encode(b) then return table_call.model .. ": " .. output.encode(a) .. " / " .. output.encode(b) end
  end
end

describe("random queries of an extended client", function()
  setup(function() engine.extended = true end)
  teardown(function()
    engine.extended = nil
    support.cleanup()
  end)

  it("are answered as without extensions, on every engine", function()
    local answered, reports, seed = 0, {}, FIRST_SEED
    while answered < queries and #reports == 0 do
      local count, found = run.case(seed, queries - answered)
      answered, seed = answered + count, seed + 1
      table.move(found, 1, #found, #reports + 1, reports)
    end
    assert.are.equal("", table.concat(reports, "\n\n"))
  end)

  it("leave the rows that plain ones leave with relationMode = prisma", function()
    for seed = FIRST_SEED, FIRST_SEED + math.floor(queries / 40) do
      local r = random.new(seed)
      local schema = generator.make(r)
      local data = rows.fill(r, schema)
      local plain, hooked = opened(schema, data, false), opened(schema, data, true)
      for number = 1, CALLS do
        local call = make_write.call { r = r, schema = schema, data = data, insensitive = true }
        local found = difference(schema, call, plain, hooked)
        assert.is_nil(found, ("seed %d, call %d: %s\n%s"):format(seed, number, found or "", show.call(call)))
      end
      plain:close()
      hooked:close()
    end
    engine.extended = true
  end)
end)
