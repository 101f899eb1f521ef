-- The program that host runs in each thread of the load of extensions: writes with hooks, computed fields and functions around calls. The last thread
-- runs coroutines, the others block.
--
--   host THREADS SECONDS worker.lua URL ROUNDS COROUTINES
local rille = require "rille"
local shop = require "extend.shop"
local host = host -- luacheck: ignore

local url, rounds, coroutines = arg[1], tonumber(arg[2]), tonumber(arg[3])
local cooperative = coroutines > 0 and host.thread == host.threads

local db = rille.connect { schema_text = shop.schema, url = url, wait = cooperative and "cqueues" or nil, pool = { size = 5, wait = 120000 } }
local calls, rows = 0, 0

local x = db:extend {
  query = { ["*"] = function(call)
    calls = calls + 1
    return call.run(call.args)
  end },
  result = { post = { label = { needs = { "title", "views" }, compute = function(post) return post.title .. "/" .. post.views end } } },
  write = {
    post = {
      before = function(row, _, action) if action == "create" then row.views = 1 end end,
      after = function(row, tx, action)
        rows = rows + 1
        tx.tag:create { data = { name = ("%s %d of %d"):format(action, row.id, rows) .. "/" .. host.thread } }
        if row.title == "refused" then error("refused", 0) end
      end,
    },
  },
}

-- Each attempt writes two posts with a tag each, or nothing.
local function work(key)
  local done
  repeat -- another writer may have the database for long
    done = select(2, rille.try(function()
      return x:transaction(function(tx)
        return tx.post:create { data = { title = key, answers = { create = { title = key .. "." } } }, include = { answers = true } }
      end, { max_wait = 120000, timeout = 120000, retries = 20 })
    end))
  until done == nil or done.code ~= "P1008"
  assert(done == nil, tostring(done))
  local ok, e = pcall(x.transaction, x, function(tx)
    tx.post:create { data = { title = "lost " .. key, answers = { create = { title = "refused" } } } }
  end, { max_wait = 120000, timeout = 120000 })
  assert(not ok and e == "refused", tostring(e))
  local post = x.post:find_first { where = { title = key }, include = { answers = true } }
  assert(post.label == key .. "/1" and post.answers[1].label == key .. "./1", post.label)
end

if cooperative then
  local queue = require("cqueues").new()
  for i = 1, coroutines do
    queue:wrap(function() work(("c%d"):format(i)) end)
  end
  assert(queue:loop())
else
  for i = 1, rounds do work(("t%d.%d"):format(host.thread, i)) end
end
assert(calls > 0)
db:close()
return ("%d calls"):format(calls)
