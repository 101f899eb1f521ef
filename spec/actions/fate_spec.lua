-- Actions whose process or connection ends: all of one happens, or nothing, and its answer never says more than is known.
local folders = require "support.folders"
local rille = require "rille"
local schedulers = require "coop.schedulers"
local support = require "support"
local work = require "actions.work"

local child = package.searchpath("actions.child", package.path)

-- At COMMIT the server calls the function `at_commit`.
local AT_COMMIT = [[
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN %s; RETURN NULL; END';
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON "Batch" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()]]

local function read(path)
  local file = io.open(path)
  local text = file and file:read "a"
  if file then file:close() end
  return text
end

support.each_engine(function(engine)
  local db, url
  before_each(function()
    db, url = support.open(engine, work.schema)
    db.total:create { data = { id = 1 } }
  end)

  describe("an action whose process is killed", function()
    -- Runs the child until it is killed. Returns the answer it got, or nil.
    local function killed(point, delay)
      local folder = support.folder()
      os.execute(("lua5.4 '%s' %s '%s' '%s' %g >'%s/out' 2>&1"):format(child, point, url, folder, delay or 0, folder))
      assert.equal("", read(folder .. "/out"):gsub("Killed%s*$", ""), read(folder .. "/out"))
      return read(folder .. "/answer")
    end
    local function wait_for_server()
      if engine == "sqlite" then return end
      folders.wait(function()
        return db:query_raw([[SELECT count(*)::int AS n FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'rille' AND pid <> pg_backend_pid()]])[1].n == 0
      end, "the end of the child's session")
    end

    it("in run has done nothing", function()
      assert.is_nil(killed "run")
      wait_for_server()
      assert.equal(0, work.audit(db))
      assert.is_true(work.action(db, {}) { name = "killed" }.ok) -- the name is free
    end)

    it("after the commit has done everything", function()
      assert.is_nil(killed "after")
      assert.equal(1, work.audit(db))
      assert.equal("P2002", work.action(db, {}) { name = "killed" }.code)
    end)

    it("around the commit has done all or nothing", function()
      for _, delay in ipairs { 0, 0, 0.5, 1, 2, 3, 5, 8 } do
        local answer = killed("commit", delay)
        wait_for_server()
        local done = work.audit(db)
        if answer then assert.same({ "true 303", 1 }, { answer, done }) end
        db.line:delete_many { where = rille.all }
        db.batch:delete_many { where = rille.all }
        db.total:update { where = { id = 1 }, data = { batches = 0 } }
      end
    end)

    if engine == "postgresql" then
      it("while the server commits has done everything", function()
        db:execute_script(AT_COMMIT:format "PERFORM pg_sleep(0.4)")
        assert.is_nil(killed("commit", 200))
        wait_for_server()
        assert.equal(1, work.audit(db))
      end)
    end
  end)

  describe("in coroutines", function()
    for _, scheduler in ipairs(schedulers.all) do
      it("run at the same time, each whole: " .. scheduler.name, function()
        local waiting = support.connect(url, work.schema, { wait = scheduler.wait, pool = { size = 3 } })
        local answers, running, together = {}, 0, 0
        local function task(name, fails)
          return function()
            answers[name] = work.action(waiting, {
              at_first = function(tx)
                running = running + 1
                together = math.max(together, running)
                local wanted = engine == "sqlite" and 1 or 3 -- SQLite has one writer
                for _ = 1, 1000 do
                  if together < wanted then scheduler.sleep(0.01) end
                end
                tx.batch:count()
              end,
              in_run = function()
                running = running - 1
                if fails then rille.fail(409, { name = "no" }) end
              end,
            }, { max_wait = 10000, timeout = 10000 })(rille.form("name=" .. name), {})
          end
        end
        scheduler.run { task "a", task("b", true), task "c" }
        assert.same({ true, 303 }, { answers.a.ok, answers.a.status })
        assert.same({ false, 409, { name = "no" }, { name = "b" } }, { answers.b.ok, answers.b.status, answers.b.errors, answers.b.values })
        assert.same({ true, 303 }, { answers.c.ok, answers.c.status })
        assert.equal(engine == "sqlite" and 1 or 3, together)
        assert.equal(2, work.audit(db))
      end)
    end

    it("an action that is abandoned is rolled back", function()
      local waiting = support.connect(url, work.schema, { wait = support.hook() })
      local co = coroutine.create(function() work.action(waiting, { in_run = function() coroutine.yield "in run" end }) { name = "x" } end)
      local state
      repeat state = select(2, coroutine.resume(co)) until state == "in run"
      coroutine.close(co)
      assert.equal(0, work.audit(db))
      support.run(function() assert.is_true(work.action(waiting, {}) { name = "x" }.ok) end)
      assert.equal(1, work.audit(db))
    end)
  end)
end)

if not support.server then return end

describe("an action of which nobody knows the outcome", function()
  local cqueues, Proxy = require "cqueues", require "coop.proxy"
  after_each(support.cleanup)
  local db, url, faults, calls

  local function open(at_commit)
    db, url = support.open("postgresql", work.schema)
    db.total:create { data = { id = 1 } }
    if at_commit then db:execute_script(AT_COMMIT:format(at_commit)) end
  end

  -- Calls an action of that client, which would be repeated if it could be. Counts what is called.
  local function call(client, points)
    faults, calls = {}, { run = 0, commit = 0, rollback = 0 }
    client:on("fault", function(event) faults[#faults + 1] = event end)
    points = points or {}
    local in_run = points.in_run
    function points.in_run(tx)
      calls.run = calls.run + 1
      if in_run then in_run(tx) end
    end
    function points.after_commit() calls.commit = calls.commit + 1 end
    function points.after_rollback() calls.rollback = calls.rollback + 1 end
    return work.action(client, points, { retries = 5, timeout = 10000 })(rille.form "name=x")
  end

  local function expect_unknown(answer, status, code)
    assert.same({ ok = false, status = status, code = "INTERNAL", errors = { base = "something went wrong; try again later" }, values = { name = "x" } },
      answer)
    assert.equal(1, #faults)
    assert.same({ code, status }, { faults[1].error, faults[1].status })
    assert.same({ run = 1, commit = 0, rollback = 0 }, calls)
  end

  local function batches_become(n)
    folders.wait(function() return db.batch:count() == n end, n .. " batches")
    assert.equal(n, work.audit(db))
  end

  -- Runs fn(proxy, client) in the loop of a proxy.
  local function behind_proxy(parameters, fn)
    local queue = cqueues.new()
    queue:wrap(function()
      local proxy = Proxy.open(url)
      local client = support.connect(proxy.url .. parameters, work.schema, { wait = "cqueues" })
      fn(proxy, client, queue)
      client:close()
      proxy:close()
    end)
    assert(queue:loop())
  end

  it("is cut off after COMMIT was sent, and was committed", function()
    open "PERFORM pg_sleep(0.4)"
    behind_proxy("", function(proxy, client, queue)
      local answer = call(client, { before_commit = function()
        queue:wrap(function()
          cqueues.sleep(0.2)
          proxy:cut()
        end)
      end })
      expect_unknown(answer, 500, "P1017")
    end)
    batches_become(1)
  end)

  it("gets no answer in time to COMMIT, and was committed", function()
    open "PERFORM pg_sleep(0.3)"
    behind_proxy("&socket_timeout=1", function(proxy, client, queue)
      local answer = call(client, { before_commit = function()
        queue:wrap(function()
          cqueues.sleep(0.15)
          proxy.silent = true
        end)
      end })
      expect_unknown(answer, 504, "P1008")
      proxy:cut()
    end)
    batches_become(1)
  end)

  it("is cut off before COMMIT arrives, and was not committed", function()
    open()
    behind_proxy("", function(proxy, client)
      local answer = call(client, { before_commit = function() proxy:cut() end })
      expect_unknown(answer, 500, "P1017")
    end)
    batches_become(0)
  end)

  it("loses its session while the server commits, in a client that blocks", function()
    open "PERFORM pg_terminate_backend(pg_backend_pid())"
    local answer = call(db)
    expect_unknown(answer, 500, "P1017")
    batches_become(0)
    db:execute_raw 'DROP TRIGGER late ON "Batch"'
    assert.is_true(call(db).ok) -- the client works again
    assert.same({ run = 1, commit = 1, rollback = 0 }, calls)
  end)

  it("is known again if the connection is lost in run", function()
    open()
    behind_proxy("", function(proxy, client)
      local answer = call(client, { in_run = function(tx)
        proxy:cut()
        tx.batch:count()
      end })
      assert.same({ false, 500, "P1017" }, { answer.ok, answer.status, faults[1].error })
      assert.same({ run = 1, commit = 0, rollback = 1 }, calls)
    end)
    batches_become(0)
  end)

  it("is refused by the database at COMMIT, and rolled back", function()
    open "RAISE EXCEPTION ''no'' USING ERRCODE = ''unique_violation'', TABLE = ''Batch'', CONSTRAINT = ''Batch_name_key'', SCHEMA = ''public''"
    local answer = call(db)
    assert.same({ false, 409, "P2002" }, { answer.ok, answer.status, answer.code })
    assert.same({ run = 1, commit = 0, rollback = 1 }, calls)
    assert.same({}, faults)
    batches_become(0)
  end)
end)
