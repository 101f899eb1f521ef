-- The cache against an oracle: two processes with a cache, one without, threads and coroutines, reads of all kinds, writes of all kinds; every cached
-- read must be one that the database could have given. RILLE_CACHE_OPERATIONS=100000 for a long run.
local support = require "support"
local check = require "cache.oracle_check"
local model = require "cache.oracle_model"
local redis = require "cache.redis"

local OPERATIONS = tonumber(os.getenv "RILLE_CACHE_OPERATIONS" or "") or 3000
local THREADS, COROUTINES = 4, 12 -- of each process; the last thread runs the coroutines

-- How late a commit of another process may be seen, in seconds: the notice has to arrive, on a busy machine.
local DELAY = { sqlite = 0, postgresql = 2 }

-- The same if Redis is away: who could not tell it tries again after a pause that grows.
local DISTURBED = 4

local function read(path)
  local handle = io.open(path)
  if not handle then return nil end
  local text = handle:read "a"
  handle:close()
  return text
end

local function now()
  return require("cqueues").monotime()
end

local function sleep(seconds) os.execute(("sleep %g"):format(seconds)) end

local host = assert(os.getenv "RILLE_HOST")

local function start(folder, name, url, operations, cache, mode, share)
  local actors = cache == "none" and 2 or THREADS - 1 + COROUTINES
  local command = ("cd '%s' && (env -u LD_PRELOAD sh -c 'echo $$ >%s.pid; exec \"$@\"' - '%s' %d %d '%s' '%s' '%s' %s %d %d '%s' %s %d; echo $? >%s.status) "
    .. ">%s.out 2>&1 </dev/null &"):format(folder, name, host, cache == "none" and 2 or THREADS, 3600, package.searchpath("cache.oracle_worker", package.path),
      url, folder, name, math.ceil(operations / actors), cache == "none" and 0 or COROUTINES, cache, mode, share, name, name)
  assert(os.execute(command))
end

-- Returns how a process ended; nil: it has not. The shell makes the file before it writes the number.
local function status_of(folder, name) return tonumber(read(("%s/%s.status"):format(folder, name))) end

local function wait(folder, name)
  while not status_of(folder, name) do sleep(0.05) end
  return status_of(folder, name), read(("%s/%s.out"):format(folder, name))
end

local function notes_of(folder, name)
  local pipe = assert(io.popen(("ls %s/%s.[0-9]*"):format(folder, name)))
  local paths = {}
  for path in pipe:lines() do paths[#paths + 1] = path end
  pipe:close()
  return paths
end

local function hits_of(out)
  local hits = 0
  for n in out:gmatch "hits=(%d+)" do hits = math.max(hits, tonumber(n)) end
  return hits
end

-- What psql and others write is told by triggers.
local function add_triggers(url)
  local folder = support.folder()
  local written = require("rille").migrate.cache_triggers { schema_text = model.schema, url = url, migrations = folder }
  assert.truthy(written)
  local pipe = assert(io.popen(("cat %s/*/migration.sql"):format(folder)))
  local sql = pipe:read "a"
  pipe:close()
  support.psql(sql, support.database_name(url))
end

local function is_over(folder, names)
  for _, name in ipairs(names) do
    if not status_of(folder, name) then return false end
  end
  return true
end

-- What a process "doomed" writes can be told although it is killed in the middle: transactions only. "plain" has no cache.
local function start_all(folder, url, o)
  for _, name in ipairs(o.names) do
    local plain, doomed = name == "plain", name == "doomed"
    local operations = plain and math.ceil(OPERATIONS / 40) or doomed and OPERATIONS * 1000 or OPERATIONS
    start(folder, name, url, operations, plain and "none" or o.cache, (plain or doomed) and "only" or "all", o.share or 40)
  end
end

local function kill(folder, name)
  while (read(("%s/%s.1"):format(folder, name)) or "") == "" do sleep(0.05) end -- it is in the middle
  sleep(0.3)
  os.execute(("kill -9 %d"):format(read(("%s/%s.pid"):format(folder, name))))
end

-- o: cache: the store; delay: in place of the engine's; names: of the processes; meanwhile(url, history): is called again and again while they run.
local function run(engine, o)
  local url, folder = support.database(engine), support.folder()
  require("rille").push { schema_text = model.schema, url = url }
  if engine == "postgresql" then add_triggers(url) end
  local db = support.connect(url, model.schema)
  local begin = now()
  model.fill(db, now)
  local history = check.new(o.delay or DELAY[engine])
  history:commit("fill", begin, now(), model.all(db))
  db:close()
  start_all(folder, url, o)
  for _, name in ipairs(o.names) do
    if name == "doomed" then kill(folder, name) end
  end
  while o.meanwhile and not is_over(folder, o.names) do o.meanwhile(url, history) end
  local hits = 0
  for _, name in ipairs(o.names) do
    local status, out = wait(folder, name)
    assert.equal(name == "doomed" and 137 or 0, status, name .. ": " .. tostring(out))
    hits = hits + hits_of(out)
    for _, path in ipairs(notes_of(folder, name)) do history:read_notes(name, path) end
    if os.getenv "RILLE_CACHE_OPERATIONS" then io.stderr:write(name, ": ", out) end
  end
  history:finish()
  local wrong, figures = history:judge()
  if os.getenv "RILLE_CACHE_OPERATIONS" then
    io.stderr:write(("%s, %s: %d reads judged, %d skipped, %d hits\n"):format(engine, o.cache, figures.reads, figures.skipped, hits))
  end
  assert.equal(0, figures.wrong, table.concat(wrong, "\n"))
  assert.is_true(figures.reads > OPERATIONS / 2)
  assert.is_true(figures.skipped < figures.reads / 2)
  assert.is_true(hits >= (o.least_hits or 20), ("only %d hits in %d reads"):format(hits, figures.reads))
end

-- Another program: its commit is noted like those of the processes.
local function write_with_psql(url, history)
  local before = now()
  local row = support.psql('UPDATE "Vault" SET v = v + 1 WHERE id = 1 RETURNING id, v, amount', support.database_name(url))
  local id, v, amount = row:match "^(%d+)|(%d+)|(%-?%d+)"
  if id then history:commit("psql", before, now(), { ("v%s:%s:%s"):format(id, v, amount) }) end
  sleep(0.2)
end

-- Some of the connections of all processes are ended, those that listen too.
local function end_connections(url)
  support.psql([[SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'rille' AND random() < 0.2]], support.database_name(url))
  sleep(0.3)
end

-- Redis is killed and begins empty, or it stands still, with all that it has. Then writers could not tell it what they write.
local function disturb(server)
  local turn = 0
  return function()
    turn = turn + 1
    if turn % 2 == 1 then server:stop() else server:signal "STOP" end
    sleep(0.2)
    if turn % 2 == 1 then server:start() else server:signal "CONT" end
    sleep(0.8)
  end
end

support.each_engine(function(engine)
  local rare = engine == "sqlite" and 200 or 40 -- there a write of another process makes everything stale
  describe("the cache against an oracle", function()
    it("gives what the database could have given, in memory", function()
      run(engine, { cache = "memory", names = { "one", "two", "plain" }, meanwhile = engine == "postgresql" and write_with_psql or nil })
    end)

    -- Between processes that share it there is no delay at all, as long as Redis answers.
    it("does so in Redis", function()
      local server = redis.server()
      local good, e = pcall(run, engine, { cache = server:url(), delay = 0, names = { "one", "two" }, share = rare })
      server:stop()
      assert(good, e)
    end)

    it("does so while Redis is stopped and started and a process is killed", function()
      local server = redis.server()
      local good, e = pcall(run, engine, { cache = server:url(200), delay = DISTURBED, names = { "one", "two", "doomed" }, share = rare,
        meanwhile = disturb(server), least_hits = 0 }) -- what the killed process was writing is not given for 30 s
      server:signal "CONT"
      server:stop()
      assert(good, e)
    end)

    if engine == "sqlite" then
      it("does so if nobody else writes", function() run(engine, { cache = "memory", names = { "one" }, share = 200 }) end)
    else
      it("does so while connections are lost", function() run(engine, { cache = "memory", names = { "one", "two" }, meanwhile = end_connections }) end)
    end
  end)
end)
