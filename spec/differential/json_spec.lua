-- Generated schemas, rows and reads: the text of `as = "json"` is that of rille.json.encode with the rows, on every engine, byte for byte.
--
--   RILLE_QUERIES=10000  how many reads (1,000 when it is not given)
--   RILLE_SEED=n         only the case of this seed
local run = require "differential.run"
local make_read = require "differential.make_read"
local show = require "differential.show"
local rille = require "rille"
local support = require "support"

local queries = tonumber(os.getenv "RILLE_QUERIES") or 1000
local seed = tonumber(os.getenv "RILLE_SEED")
local FIRST_SEED = 20261201
local READS = 40

local function call(db, asked, args)
  local model = db[asked.model]
  if asked.method ~= "each" then return model[asked.method](model, args) end
  local list = rille.array()
  for row in model:each(args) do list[#list + 1] = row end
  return list
end

local function with(args, added)
  local copy = {}
  for key, value in pairs(args) do copy[key] = value end
  for key, value in pairs(added) do copy[key] = value end
  return copy
end

-- One read both ways. Returns 1, or 0 if the call is an error on this engine; then the other way fails, too.
local function compare(case, on, db, asked, how)
  local args = show.argument(rille, asked.args)
  local ok, rows = pcall(call, db, asked, args)
  local found, text = pcall(call, db, asked, with(args, { as = "json", bigint = how.bigint, batch = asked.method == "each" and 3 or nil }))
  local place = ("RILLE_SEED=%d, on %s: %s"):format(case.seed, on.name, show.call(asked))
  assert.equal(ok, found, place .. "\n" .. tostring(not found and text or rows))
  if not ok then return 0 end
  if asked.method == "each" then text = table.concat(text) end
  local encoded, expected = pcall(rille.json.encode, rows, { model = db[asked.model], bigint = how.bigint })
  assert.is_true(encoded, place .. "\n" .. tostring(expected))
  assert.equal(expected, text, place)
  return 1
end

describe("random reads", function()
  teardown(support.cleanup)

  it("are the same as JSON, from the core and from their rows", function()
    local answered, at = 0, seed or FIRST_SEED
    while answered < queries do
      local case = run.open(at)
      for _, on in ipairs(case.engines) do
        local nulls = rille.connect { schema_text = on.text, url = on.url, pool = { size = 1 }, keep_nulls = true }
        for n = 1, READS do
          local asked = make_read.call { r = case.random, schema = case.schema, data = case.data, insensitive = true }
          answered = answered + compare(case, on, n % 3 == 0 and nulls or on.db, asked, { bigint = n % 2 == 0 and "string" or nil })
        end
        nulls:close()
        on:close()
      end
      at = at + 1
      if seed then break end
    end
    print(("%d reads on %s, seeds %d to %d"):format(answered, table.concat(support.engines, " and "), seed or FIRST_SEED, at - 1))
  end)
end)
