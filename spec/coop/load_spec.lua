-- Many coroutines at the same time: they wait together, none stops the thread, and their results add up.
local support = require "support"
local schedulers = require "coop.schedulers"

local bank = "model Account {\n id Int @id\n balance Int\n}\nmodel Transfer {\n id Int @id @default(autoincrement())\n amount Int\n}"
local ACCOUNTS, START = 20, 1000

local function many(n, task)
  local tasks = {}
  for i = 1, n do
    tasks[i] = function() task(i) end
  end
  return tasks
end

local function fill(db)
  local rows = {}
  for i = 1, ACCOUNTS do rows[i] = { id = i, balance = START } end
  db.account:create_many { data = rows }
end

local function sum(db) return db.account:aggregate({ _sum = { balance = true } })._sum.balance end

-- Accounts are touched in the order of their ids, so that transfers do not wait for one another in a circle.
local function transfer(db, random)
  local from, to, amount = random(ACCOUNTS), random(ACCOUNTS), random(50)
  if from == to then to = from % ACCOUNTS + 1 end
  local low, high = math.min(from, to), math.max(from, to)
  db:transaction(function(tx)
    for _, id in ipairs { low, high } do
      tx.account:update { where = { id = id }, data = { balance = { increment = id == from and -amount or amount } } }
    end
    tx.transfer:create { data = { amount = amount } }
    if random(10) == 1 then error("changed my mind", 0) end
  end, { max_wait = 60000, timeout = 60000 })
  return true
end

support.each_engine(function(engine)
  for _, scheduler in ipairs(schedulers.all) do
    describe(scheduler.name, function()
      if engine == "postgresql" then
        it("sleeps a hundred times at the same time", function()
          local db = support.open(engine, bank, { wait = scheduler.wait, pool = { size = 100, wait = 20000 } })
          local function sleep() db:query_raw "select pg_sleep(0.1)" end
          for _ = 1, 20 do -- opens the connections: a few at a time, so the first sleepers may be up before the last connects
            if db:metrics().pool.open < 100 then scheduler.run(many(100, sleep)) end
          end
          assert.equal(100, db:metrics().pool.open)
          local started = schedulers.now()
          scheduler.run(many(100, sleep))
          local took = schedulers.now() - started
          assert.is_true(took < 3, ("took %.3f s, and one after the other they take 10 s"):format(took))
          local pool = db:metrics().pool
          assert.same({ 100, 0 }, { pool.open, pool.in_use })
        end)

        it("never stops the thread", function()
          local db = support.open(engine, bank, { wait = scheduler.wait, pool = { size = 2, wait = 20000 } })
          local ticks, ended, without_tick = 0, 0, 0
          local tasks = many(6, function()
            db:transaction(function(tx)
              local before = ticks
              tx:query_raw "select pg_sleep(0.2)"
              if ticks == before then without_tick = without_tick + 1 end
              tx.account:count()
            end)
            ended = ended + 1
          end)
          tasks[#tasks + 1] = function()
            while ended < 6 do
              scheduler.sleep(0.005)
              ticks = ticks + 1
            end
          end
          scheduler.run(tasks)
          assert.equal(0, without_tick)
        end)
      end

      it("conserves what two hundred coroutines move about", function()
        local db = support.open(engine, bank, { wait = scheduler.wait, pool = { size = 5, wait = 60000 } })
        fill(db)
        local done, undone = 0, 0
        scheduler.run(many(200, function(i)
          for round = 1, 3 do
            local seed = i * 7 + round
            local function random(n)
              seed = (seed * 1103515245 + 12345) % 2147483648
              return seed // 65536 % n + 1
            end
            if (i + round) % 3 == 0 then assert.equal(ACCOUNTS * START, sum(db)) end
            local ok, e = pcall(transfer, db, random)
            if ok then done = done + 1 else undone = undone + 1 end
            assert.is_true(ok or e == "changed my mind", tostring(e))
          end
        end))
        assert.equal(600, done + undone)
        assert.is_true(undone > 0)
        assert.equal(ACCOUNTS * START, sum(db))
        assert.equal(done, db.transfer:count())
        local pool = db:metrics().pool
        assert.same({ 0, 0 }, { pool.in_use, pool.waiting })
        assert.is_true(pool.open <= (engine == "sqlite" and 6 or 5))
      end)
    end)
  end
end)
