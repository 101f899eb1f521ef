-- Sixteen threads with a Lua state each and two hundred coroutines in another one, over a pool of five: money is neither created nor lost, every
-- transfer is counted once, no caller waits forever and no connection is lost.
local support = require "support"
local load = require "fault.load"

support.each_engine(function(engine)
  describe("under load", function()
    it("conserves sums, counts every transfer once, and leaves no connection behind", function()
      local url = support.database(engine)
      load.open(url)
      local run = load.start { engine = engine, url = url }
      local status, out = run:wait(load.sleep)
      assert.equal(0, status, out)
      assert.is_nil(out:find("ThreadSanitizer", 1, true), out)
      local figures = run:audit(url)
      assert.equal(figures.acked, figures.transfers)
      assert.equal(0, figures.unknown)
      assert.is_true(figures.acked > 100 and figures.refused > 10, out)
    end)
  end)
end)
