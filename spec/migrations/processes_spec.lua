-- Runners at the same time, and runners that are killed: every migration is applied once, and the history is always true.
local folders = require "support.folders"
local rille = require "rille"
local support = require "support"

local COUNT = 10

local function name_of(i) return ("202601%02d000000_m%02d"):format(i, i) end

local function count_lines(path, pattern)
  local n = 0
  for line in io.lines(path) do
    if line:find(pattern) then n = n + 1 end
  end
  return n
end

describe("several deploys at the same time", function()
  support.each_engine(function(engine)
    for _, runners in ipairs { 2, 10 } do
      it(("apply each migration once: %d of them"):format(runners), function()
        local url = support.database(engine)
        local dir = folders.make { [name_of(1)] = "CREATE TABLE log (name TEXT NOT NULL);" }
        for i = 2, COUNT do
          folders.add(dir, name_of(i), ("CREATE TABLE t%d (id INTEGER);\nINSERT INTO log VALUES ('%s');"):format(i, name_of(i)))
        end
        local children = {}
        for i = 1, runners do
          local pid, output = folders.spawn_deploy(url, dir, ", lock_wait = 120000")
          children[i] = { pid = pid, output = output }
        end
        local applied = 0
        for _, child in ipairs(children) do
          folders.wait(function() return not folders.is_alive(child.pid) end, "the end of a deploy")
          assert.equal(1, count_lines(child.output, "^applied"), folders.read(child.output))
          for _ in folders.read(child.output):gmatch "_m%d%d" do applied = applied + 1 end
        end
        assert.equal(COUNT, applied)
        local db = folders.raw(url)
        assert.equal(COUNT - 1, db:query_raw("SELECT count(*) AS n FROM log")[1].n)
        assert.equal(COUNT, db:query_raw("SELECT count(*) AS n FROM _prisma_migrations WHERE finished_at IS NOT NULL")[1].n)
        assert.is_true(rille.migrate.status({ url = url, migrations = dir }).ok)
      end)
    end
  end)
end)

-- A step stops a process at a chosen point as long as the table `gate` says so: by a loop on SQLite, by a sleep on PostgreSQL.
-- Such steps are in each script, before and after its change, and in triggers of the history: when a migration's row is written and when it is finished.
local GATES = {
  sqlite = {
    tables = "CREATE TABLE gate (step TEXT PRIMARY KEY);\nCREATE TABLE many AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 2000) "
      .. "SELECT n FROM r;\n",
    step = "SELECT CASE WHEN EXISTS (SELECT 1 FROM gate WHERE step = %s) THEN (SELECT count(*) FROM many a, many b, many c, many d, many e) END;",
    trigger = function(event, step)
      return ("CREATE TRIGGER gate_%s BEFORE %s ON _prisma_migrations BEGIN\n  %s\nEND;\n"):format(event:lower():sub(1, 6), event, step)
    end,
  },
  postgresql = {
    tables = "CREATE TABLE gate (step TEXT PRIMARY KEY);\n",
    step = "PERFORM pg_sleep(1000) FROM gate WHERE step = %s;",
    trigger = function(event, step)
      local name = event:lower():sub(1, 6)
      return ("CREATE FUNCTION gate_%s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s RETURN NEW; END; $$;\n"
        .. "CREATE TRIGGER gate_%s BEFORE %s ON _prisma_migrations FOR EACH ROW EXECUTE FUNCTION gate_%s();\n"):format(name, (step:gsub("new%.", "NEW.")),
        name, event, name)
    end,
  },
}

local function stop_in(engine, step)
  if engine == "sqlite" then return GATES.sqlite.step:format("'" .. step .. "'") .. "\n" end
  return ("SELECT pg_sleep(1000) FROM gate WHERE step = '%s';\n"):format(step)
end

-- All four for each migration with RILLE_LONG, otherwise two in turn.
local POINTS = { "started", "before", "after", "finished" }
local function points_of(i)
  if os.getenv "RILLE_LONG" then return POINTS end
  return i % 2 == 1 and { "started", "after" } or { "before", "finished" }
end

local function gated_folder(engine)
  local gates = GATES[engine]
  local dir = folders.make { ["20250101000000_gates"] = gates.tables .. gates.trigger("INSERT", gates.step:format "'started ' || new.migration_name")
    .. gates.trigger("UPDATE OF finished_at", gates.step:format "'finished ' || new.migration_name") }
  for i = 1, COUNT do
    local name = name_of(i)
    local change = i % 2 == 1 and ("CREATE TABLE t%d (id INTEGER NOT NULL PRIMARY KEY);\n"):format(i) or ("ALTER TABLE t%d ADD COLUMN x TEXT;\n"):format(i - 1)
    folders.add(dir, name, stop_in(engine, "before " .. name) .. change .. stop_in(engine, "after " .. name))
  end
  return dir
end

describe("a deploy that is killed", function()
  support.each_engine(function(engine)
    -- Selects `what` of the sleeping connections.
    local function sleeping(watch, url, what)
      return watch:query_raw(("SELECT %s AS n FROM pg_stat_activity WHERE datname = '%s' AND wait_event = 'PgSleep'")
        :format(what, support.database_name(url)))[1]
    end

    local function is_stopped(watch, url, point, name)
      if engine == "postgresql" then return sleeping(watch, url, "count(*)").n == 1 end
      local row = watch:query_raw("SELECT count(*) AS n FROM _prisma_migrations WHERE migration_name = $1 AND rolled_back_at IS NULL", name)[1].n
      if (row == 0) ~= (point == "started") then return false end
      return not pcall(watch.transaction, watch, function() end, { max_wait = 300 }) -- another connection has a write transaction
    end

    local function kill(watch, url, child)
      os.execute("kill -9 " .. child)
      folders.wait(function() return not folders.is_alive(child) end, "its death")
      if engine == "sqlite" then return end
      sleeping(watch, url, "pg_terminate_backend(pid)") -- it would only notice when it next writes to the closed client
      folders.wait(function() return sleeping(watch, url, "count(*)").n == 0 end, "the end of its connection")
    end

    local function gate(url, step)
      local db = folders.raw(url)
      db:execute_raw "DELETE FROM gate"
      if step then db:execute_raw("INSERT INTO gate VALUES ($1)", step) end
      support.cleanup_clients()
    end

    -- Checks that the history agrees with the database.
    local function check_truth(url, dir, at, point)
      local status = rille.migrate.status { url = url, migrations = dir }
      for i = 1, COUNT do
        local entry = status.migrations[i + 1]
        local want = i < at and "applied" or i > at and "pending" or point == "started" and "pending" or "failed"
        assert.equal(want, entry.state == "rolled_back" and "pending" or entry.state, point .. " " .. name_of(at) .. ": " .. entry.name)
      end
      local wanted = 0
      for i = 1, at - 1 do wanted = wanted + i % 2 end
      local db = folders.raw(url)
      local there = db:query_raw(engine == "sqlite" and "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name GLOB 't[0-9]*'"
        or "SELECT count(*) AS n FROM pg_tables WHERE tablename ~ '^t[0-9]'")[1].n
      support.cleanup_clients()
      assert.equal(wanted, there, point .. " " .. name_of(at))
      return status
    end

    -- Does literally what status advises.
    local function follow_advice(url, dir, status)
      for _, problem in ipairs(status.problems) do
        local name = problem.advice:match 'rolled_back = "([^"]+)"'
        assert.truthy(problem.advice:find("nothing of it was kept", 1, true))
        rille.migrate.resolve { url = url, migrations = dir, rolled_back = name }
      end
    end

    it("leaves a true history at every step of ten migrations, and the next deploy continues", function()
      local url, dir = support.database(engine), gated_folder(engine)
      local watch = rille.connect { url = engine == "sqlite" and url or support.server, schema_text = "", pool = { size = 2 } }
      local later = {}
      for i = 1, COUNT do
        later[i] = { name = name_of(i), text = folders.read(("%s/%s/migration.sql"):format(dir, name_of(i))) }
        folders.remove(dir, name_of(i))
      end
      rille.migrate.deploy { url = url, migrations = dir }
      for _, m in ipairs(later) do folders.add(dir, m.name, m.text) end
      for i = 1, COUNT do
        for _, point in ipairs(points_of(i)) do
          gate(url, point .. " " .. name_of(i))
          local child = folders.spawn_deploy(url, dir)
          folders.wait(function() return is_stopped(watch, url, point, name_of(i)) end, point .. " " .. name_of(i))
          kill(watch, url, child)
          follow_advice(url, dir, check_truth(url, dir, i, point))
        end
      end
      watch:close()
      gate(url)
      assert.equal(1, #rille.migrate.deploy({ url = url, migrations = dir }).applied)
      assert.is_true(rille.migrate.status({ url = url, migrations = dir }).ok)
      local undisturbed = support.database(engine)
      rille.migrate.deploy { url = undisturbed, migrations = dir }
      assert.equal(0, #rille.migrate.diff { from = { url = undisturbed }, to = { url = url } })
    end)
  end)
end)
