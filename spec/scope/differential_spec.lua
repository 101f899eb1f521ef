-- Generated schemas, rows, scopes and calls of clients with a scope, answered by rille and by a naive evaluator that sees only the rows within: they
-- agree, and so do all tables after each write.
--
--   RILLE_SCOPED=10000   how many queries (300 when it is not given)
--   RILLE_SEED=n         only the case of this seed, as a disagreement names it
local run = require "differential.run"
local support = require "support"

local queries = tonumber(os.getenv "RILLE_SCOPED") or 300
local seed = tonumber(os.getenv "RILLE_SEED")
local FIRST_SEED = 714
local MOST_REPORTS = 5

describe("random queries of clients with a scope", function()
  teardown(support.cleanup)

  it("are answered as if there were no other rows, on every engine", function()
    local answered, reports, at = 0, {}, seed or FIRST_SEED
    while answered < queries and #reports < MOST_REPORTS do
      local count, found = run.case(at, queries - answered, true)
      answered, at = answered + count, at + 1
      table.move(found, 1, #found, #reports + 1, reports)
      if seed then break end
    end
    print(("%d queries on %s, seeds %d to %d"):format(answered, table.concat(support.engines, " and "), seed or FIRST_SEED, at - 1))
    assert.are.equal("", table.concat(reports, "\n\n"))
  end)
end)
