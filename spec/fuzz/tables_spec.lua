-- A short run of the harness of calls, with the same calls every time.
require "rille"
local fuzz = require "fuzz.tables"
local support = require "support"

local ROUNDS = 12

describe("calls of any form", function()
  it("give an answer or one of rille's errors, and leave nothing behind", function()
    local home = fuzz.open(support.folder() .. "/calls.db")
    local function rounds(first, last)
      for seed = first, last do
        local wrong, call = fuzz.round(home, seed)
        if wrong then error(wrong .. "\n" .. call) end
      end
      home.at = nil
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    local before = rounds(1, ROUNDS)
    local after = rounds(1, ROUNDS) -- the same calls again, so that nothing new is kept
    fuzz.close(home)
    support.cleanup()
    assert.is_true(after - before < 1024, ("%.0f kilobytes more than before"):format(after - before))
  end)
end)
