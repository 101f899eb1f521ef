-- Events of cooperative clients: of each call once, right after it, while others are under way.
local support = require "support"
local schedulers = require "coop.schedulers"
local schema = require "lua.blog_schema"

support.each_engine(function(engine)
  for _, scheduler in ipairs(schedulers.all) do
    it("are reported under " .. scheduler.name, function()
      local db = support.open(engine, schema, { wait = scheduler.wait, pool = { size = 3 } })
      local seen, asked = {}, 0
      db:on("query", function(event)
        if event.model then seen[#seen + 1] = event.params end
      end)
      local traced = db:with { traceparent = function()
        asked = asked + 1
        return nil
      end }
      local tasks = {}
      for i = 1, 8 do
        tasks[i] = function()
          for k = 1, 5 do
            local before = #seen
            traced.user:find_many { where = { email = ("%d-%d"):format(i, k) } }
            assert.is_true(#seen > before or k > 0)
          end
          db:transaction(function(tx) tx.user:find_many { where = { email = "tx" .. i } } end)
          db:batch(function(b)
            b.user:find_many { where = { email = "batch" .. i } }
            b.post:count { where = { title = "batch" .. i } }
          end)
        end
      end
      scheduler.run(tasks)
      assert.equal(8 * (5 + 1 + 2), #seen)
      assert.equal(40, asked)
      local once = {}
      for _, params in ipairs(seen) do once[params] = (once[params] or 0) + 1 end
      for i = 1, 8 do
        for k = 1, 5 do assert.equal(1, once[('["%d-%d"]'):format(i, k)]) end
        assert.equal(1, once[('["tx%d"]'):format(i)])
      end
    end)
  end

  it("count repetitions for each coroutine", function()
    local found = 0
    local scheduler = schedulers.all[1]
    local db = support.open(engine, schema, { wait = scheduler.wait, n_plus_one = { more_than = 5 }, log = function(event)
      if event.event == "n_plus_one" then found = found + 1 end
    end })
    local function reader(times)
      return function()
        for i = 1, times do db.user:find_unique { where = { id = i } } end
      end
    end
    scheduler.run { reader(4), reader(4), reader(4), reader(6) }
    assert.equal(1, found)
  end)
end)
