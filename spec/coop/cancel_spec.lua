-- Coroutines that are closed, and deadlines: the server stops, the connection is clean or closed, nothing leaks.
local support = require "support"
local schedulers = require "coop.schedulers"

local schema = "model Note {\n id Int @id @default(autoincrement())\n text String\n}"

if not support.server then return end

local plain = schedulers["function"]

-- Returns how many statements with this mark the server is running, seen from outside. Waits until it is `wanted`.
local function running(mark, wanted, tries)
  local n
  local sql = "select count(*) from pg_stat_activity where state <> 'idle' and query like '%%%s%%' and pid <> pg_backend_pid()"
  for _ = 1, tries or 100 do
    n = tonumber((support.psql(sql:format(mark))))
    if n == wanted then return n end
    os.execute "sleep 0.02"
  end
  return n
end

local function in_transaction(url)
  local name = support.database_name(url)
  return tonumber((support.psql(("select count(*) from pg_stat_activity where datname = '%s' and state like 'idle in transaction%%'"):format(name))))
end

describe("a coroutine that is closed", function()
  local db, url
  before_each(function()
    db, url = support.open("postgresql", schema, { wait = plain.wait, pool = { size = 2, wait = 2000 } })
    plain.run { function() db.note:create { data = { text = "kept" } } end }
  end)
  after_each(support.cleanup)

  local function start(fn)
    local co = coroutine.create(fn)
    assert(coroutine.resume(co))
    assert.equal("suspended", coroutine.status(co))
    return co
  end

  -- Goes on as long as it does not wait for the query with this mark.
  local function go_on_until(co, mark)
    for _ = 1, 100 do
      if running(mark, 1, 2) == 1 then return end
      assert(coroutine.resume(co))
    end
    error "the query never ran"
  end

  local function expect_clean()
    local pool = db:metrics().pool
    assert.same({ 0, 0 }, { pool.in_use, pool.waiting })
    assert.equal(0, in_transaction(url))
    plain.run { function() assert.equal("kept", db.note:find_first().text) end }
  end

  it("stops its query on the server", function()
    local mark = "select pg_sleep(30), 'mark_a'"
    local co = start(function() db:query_raw(mark) end)
    assert.equal(1, running("mark_a", 1))
    local before = schedulers.now()
    assert(coroutine.close(co))
    assert.is_true(schedulers.now() - before < 0.2)
    assert.equal(0, running("mark_a", 0))
    expect_clean()
  end)

  it("rolls its transaction back", function()
    local co = start(function()
      db:transaction(function(tx)
        tx.note:create { data = { text = "lost" } }
        tx:query_raw "select pg_sleep(30), 'mark_b'"
      end, { timeout = 60000 })
    end)
    go_on_until(co, "mark_b")
    assert(coroutine.close(co))
    assert.equal(0, running("mark_b", 0))
    expect_clean()
    plain.run { function() assert.equal(1, db.note:count()) end }
  end)

  it("calls no function after a commit whose outcome is unknown", function()
    support.psql([[CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON "Note" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()]], support.database_name(url))
    local told = {}
    local co = start(function()
      db:transaction(function(tx)
        tx.note:create { data = { text = "who knows" } }
        tx:after_commit(function() told[#told + 1] = "committed" end)
        tx:after_rollback(function() told[#told + 1] = "rolled back" end)
      end, { timeout = 60000 })
    end)
    go_on_until(co, "COMMIT")
    assert(coroutine.close(co))
    assert.equal(0, running("COMMIT", 0))
    assert.same({}, told)
    expect_clean()
  end)

  it("rolls back where it waits for something else", function()
    local co = start(function()
      db:transaction(function(tx)
        tx.note:create { data = { text = "lost" } }
        coroutine.yield "elsewhere"
      end, { timeout = 60000 })
    end)
    local waits
    for _ = 1, 100 do
      waits = select(2, assert(coroutine.resume(co)))
      if waits == "elsewhere" then break end
      os.execute "sleep 0.01"
    end
    assert.equal("elsewhere", waits)
    assert(coroutine.close(co))
    expect_clean()
    plain.run { function() assert.equal(1, db.note:count()) end }
  end)

  it("ends its stream", function()
    local co = start(function()
      for _ in db.note:each { batch = 1 } do coroutine.yield "a row" end
    end)
    for _ = 1, 100 do
      if select(2, assert(coroutine.resume(co))) == "a row" then break end
      os.execute "sleep 0.01"
    end
    assert(coroutine.close(co))
    expect_clean()
  end)

  it("leaves the queue of the pool to those behind it", function()
    local one = support.connect(url, schema, { wait = plain.wait, pool = { size = 1, wait = 5000 } })
    local holder = start(function() one:query_raw "select pg_sleep(30), 'mark_c'" end)
    go_on_until(holder, "mark_c")
    local waiter = start(function() one.note:count() end)
    assert.equal(1, one:metrics().pool.waiting)
    local last
    local behind = start(function() last = one.note:count() end)
    assert(coroutine.close(waiter))
    assert.equal(1, one:metrics().pool.waiting)
    assert(coroutine.close(holder))
    while coroutine.status(behind) ~= "dead" do
      assert(coroutine.resume(behind))
      os.execute "sleep 0.01"
    end
    assert.equal(1, last)
    local pool = one:metrics().pool
    assert.same({ 0, 0 }, { pool.in_use, pool.waiting })
  end)

  it("or dies in a loop leaves its connection to who needs it, however many there are", function()
    local small = support.connect(url, schema, { wait = plain.wait, pool = { size = 2, wait = 1000 } })
    plain.run { function() small.note:create_many { data = { { text = "b" }, { text = "c" } } } end }
    local function die()
      for _ in small.note:each { batch = 1 } do error("in a loop", 0) end
    end
    for _ = 1, 8 do
      local co, _, raised = coroutine.create(die)
      while coroutine.status(co) ~= "dead" do
        os.execute "sleep 0.002"
        _, raised = coroutine.resume(co)
      end
      assert.equal("in a loop", raised)
    end
    assert.equal(0, small:metrics().pool.timeouts)
  end)

  it("may be collected instead", function()
    do start(function() db:query_raw "select pg_sleep(30), 'mark_d'" end) end
    assert.equal(1, running("mark_d", 1))
    collectgarbage()
    collectgarbage()
    assert.equal(0, running("mark_d", 0))
    expect_clean()
  end)
end)

describe("a deadline", function()
  after_each(support.cleanup)

  for _, scheduler in ipairs(schedulers.all) do
    it("of a transaction cancels what runs, under " .. scheduler.name, function()
      local db, url = support.open("postgresql", schema, { wait = scheduler.wait })
      local ticks = 0
      scheduler.run {
        function()
          local before = schedulers.now()
          support.fails("P2028", db.transaction, db, function(tx)
            tx.note:create { data = { text = "lost" } }
            tx:query_raw "select pg_sleep(30), 'mark_e'"
          end, { timeout = 200 })
          assert.is_true(schedulers.now() - before < 1)
          assert.equal(0, db.note:count())
        end,
        function()
          for _ = 1, 10 do
            scheduler.sleep(0.01)
            ticks = ticks + 1
          end
        end,
      }
      assert.equal(10, ticks)
      assert.equal(0, running("mark_e", 0))
      assert.equal(0, in_transaction(url))
      assert.equal(0, db:metrics().pool.in_use)
    end)
  end
end)
