-- Generated schemas and calls, answered by a client whose hooks and functions change nothing: it gives the same answers, errors and rows as the evaluator
-- of spec/differential, which knows no hooks. So hooked writes, which write row by row, are writes of the core.
--
--   RILLE_EXTENDED_QUERIES=10000  how many queries (200 when it is not given)
local engine = require "differential.engine"
local run = require "differential.run"
local support = require "support"

local queries = tonumber(os.getenv "RILLE_EXTENDED_QUERIES") or 200
local FIRST_SEED = 41

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
end)
