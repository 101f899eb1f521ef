-- A cache that processes share in Redis, as applications see it. On PostgreSQL the clients do not listen (they are behind a pooler, as far as they know),
-- so only Redis tells them what others write.
local support = require "support"
local redis = require "cache.redis"
local rille = require "rille"
local cqueues = require "cqueues"

local schema = [[
model Note {
  id   Int    @id @default(autoincrement())
  text String
}]]

support.each_engine(function(engine)
  local server, url, processes

  local function process()
    local p = redis.process(url, schema, server:url())
    processes[#processes + 1] = p
    return p
  end

  -- Two processes that use the cache: each has noticed that it does not know what was written before it came.
  local function pair()
    local a, b = process(), process()
    for _ = 1, 1000 do
      a:ask "return count()"
      b:ask "return count()"
      if a:ask("return count()"):match "hit" and b:ask("return count()"):match "hit" then return a, b end
    end
    error "the processes share nothing"
  end

  local function open(options)
    local cache = options and options.cache or { store = server:url() }
    local given = { cache = cache, wait = options and options.wait }
    return support.connect(url, schema, given)
  end

  before_each(function()
    server, processes = redis.server(), {}
    url = support.database(engine)
    rille.push { schema_text = schema, url = url }
    if engine == "postgresql" then url = url .. (url:find("?", 1, true) and "&" or "?") .. "pgbouncer=true" end
  end)
  after_each(function()
    server:signal "CONT"
    for _, p in ipairs(processes) do p:close() end
    server:stop()
    support.cleanup()
  end)

  it("is filled by one process and used by the other, and each sees what the other has written", function()
    local a, b = pair()
    assert.equal("0 hit", b:ask "return count()")
    b:ask "db.note:create { data = { text = 'x' } }"
    assert.equal("1 miss", a:ask "return count()")
    a:ask "db.note:create_many { data = { { text = 'y' }, { text = 'z' } } }"
    assert.equal("3 miss", b:ask "return count()")
    b:ask "db:transaction(function(tx) tx.note:delete { where = { id = 1 } } end)"
    assert.equal("2 miss", a:ask "return count()")
    a:ask "db:execute_raw(rille.sql('DELETE FROM \"Note\"'))"
    assert.equal("0 miss", b:ask "return count()")
  end)

  it("keeps what a rolled back transaction touched", function()
    local a, b = pair()
    b:ask "pcall(db.transaction, db, function(tx) tx.note:create { data = { text = 'x' } } error 'no' end)"
    assert.equal("0 hit", a:ask "return count()")
  end)

  it("is made stale by tags, for all", function()
    local a, b = pair()
    b:ask "db:revalidate_tag 'all'"
    assert.equal("0 miss", a:ask "return count()")
    assert.equal("0 hit", b:ask "return count()")
  end)

  it("is away in the middle of commits, and right when it comes back", function()
    local a, b = pair()
    server:stop()
    b:ask "db.note:create { data = { text = 'x' } }"
    assert.equal("1 miss", a:ask "return count()")
    a:ask "db.note:create { data = { text = 'y' } }"
    assert.equal("2 miss", b:ask "return count()")
    server:start()
    local used = false
    for i = 1, 2000 do
      local n, m = a:ask "return count()", b:ask "return count()"
      assert.equal("2 ", n:sub(1, 2))
      assert.equal("2 ", m:sub(1, 2))
      used = n == "2 hit" and m == "2 hit"
      if used then break end
      if i > 100 then os.execute "sleep 0.01" end
    end
    assert.is_true(used)
    b:ask "db.note:create { data = { text = 'z' } }"
    assert.equal("3 miss", a:ask "return count()")
  end)

  it("computes once for all processes", function()
    local a, b = pair()
    local code = [[
      local slow = db:cached(function()
        db:execute_raw(rille.sql("INSERT INTO calls VALUES (1)"):touches("note"))
        local t = os.clock() while os.clock() - t < 0.3 do end
        return 42
      end, { key = "slow", ttl = 60, auto = false })
      return slow()]]
    a:ask "db:execute_raw('CREATE TABLE calls (n integer)')"
    for _ = 1, 3 do a:ask "return count()" b:ask "return count()" end -- on SQLite, the table has made everything stale
    a:send(code)
    b:send(code)
    assert.equal("42", a:answer())
    assert.equal("42", b:answer())
    if engine == "postgresql" then assert.equal("1", a:ask "return db:query_raw('SELECT count(*)::int AS n FROM calls')[1].n") end
  end)

  it("keeps values and what they are computed of", function()
    local a, b = pair()
    local code = [[
      ran = {}
      local inner = db:cached(function() ran[#ran + 1] = "inner" return db.note:count() end, { key = "inner", ttl = 60, tags = { "in" } })
      local outer = db:cached(function()
        ran[#ran + 1] = "outer"
        return inner() .. "/" .. db.note:count { where = { text = "y" }, cache = { ttl = 60 } } .. "/" .. #db.note:find_many()
      end, { key = "outer", ttl = 60 })
      local value = outer()
      return value .. " " .. table.concat(ran, " ")]]
    assert.equal("0/0/0 outer inner", a:ask(code))
    assert.equal("0/0/0 ", b:ask(code))
    b:ask "db.note:create { data = { text = 'y' } } return count()" -- on SQLite, its first write makes everything stale, when it asks next
    assert.equal("1/1/1 outer inner", a:ask(code))
    assert.equal("1/1/1 ", b:ask(code))
    b:ask "db:revalidate_tag 'in'"
    assert.equal("1/1/1 outer inner", a:ask(code))
    assert.equal("1/1/1 ", b:ask(code))
  end)

  it("does not hold up other coroutines when it is silent", function()
    local db = support.connect(url, schema, { cache = { store = server:url(2000) }, wait = "cqueues" })
    local queue, ticks, n = cqueues.new(), 0, nil
    queue:wrap(function()
      for _ = 1, 20 do db.note:count { cache = { ttl = 60 } } end
      server:signal "STOP"
      queue:wrap(function()
        while n == nil do
          ticks = ticks + 1
          cqueues.sleep(0.005)
        end
      end)
      n = db.note:count { cache = { ttl = 60 } }
    end)
    assert(queue:loop())
    assert.equal(0, n)
    assert.is_true(ticks >= 10)
    server:signal "CONT"
    db:close()
  end)

  it("gives nothing of entries that others have changed", function()
    local a, b = pair()
    a:ask "for i = 1, 5 do db.note:create { data = { text = 'note ' .. i } } end"
    local code = [[local rows = db.note:find_many { order_by = { id = 'asc' }, cache = { ttl = 60 } }
      local texts = {} for i, row in ipairs(rows) do texts[i] = row.text end return table.concat(texts, ',')]]
    local texts = "note 1,note 2,note 3,note 4,note 5"
    local change = [[EVAL "for _, k in ipairs(redis.call('KEYS', 'rille:*:e:*')) do local v = redis.call('HGET', k, 'v')
      redis.call('HSET', k, 'v', v:sub(1, #v - tonumber(ARGV[1])) .. string.rep(ARGV[2], tonumber(ARGV[1]))) end" 0 %d %s]]
    for _, how in ipairs { { 1, "x" }, { 10, "A" }, { 40, "0" }, { 100, "'\255'" }, { 30, "''" } } do
      for _ = 1, 3 do assert.equal(texts, a:ask(code)) end
      server:cli((change:gsub("\n", " ")):format(how[1], how[2]))
      local answer = b:ask(code)
      assert.equal(5, select(2, answer:gsub("[^,]+", ""))) -- rows of the layout, or those of the database
      server:cli "FLUSHALL"
      assert.equal(texts, b:ask(code))
    end
  end)

  it("is refused with what is wrong", function()
    local function refused(cache, message)
      local e = support.fails("VALIDATION", open, { cache = cache })
      assert.matches(message, e.message, 1, true)
      assert.is_nil(e.message:find("secret", 1, true))
    end
    refused({ store = "redis://:secret@/" }, "cache.store: the URL has no host")
    refused({ store = "http://secret" }, "cache.store: expected `redis://")
    refused({ store = "redis://secret@host" }, "a user without a password")
    open()
    refused({ store = server:url(), prefix = "other:" }, "another client of this process has another store or prefix")
    if engine == "sqlite" then
      local e = support.fails("VALIDATION", support.connect, "sqlite::memory:", schema, { cache = { store = server:url() } })
      assert.matches("a database in memory belongs to one process", e.message, 1, true)
    end
  end)

  if engine == "postgresql" then
    -- Both hear the notice of the write. Redis was told by the one who wrote.
    it("is not emptied again by notices", function()
      url = url:gsub("[?&]pgbouncer=true", "")
      local a, b = pair()
      for i = 1, 20 do
        b:ask "db.note:create { data = { text = 'x' } }"
        assert.equal(i .. " miss", b:ask "return count()")
        for _ = 1, 3 do assert.equal(i .. " hit", a:ask "return count()") end
        assert.equal(i .. " hit", b:ask "return count()")
      end
    end)

    it("hides what a process was writing that was killed", function()
      local a, b = pair()
      a:ask "db.note:create { data = { text = 'x' } }"
      local marks = "EVAL \"local n = 0 for _, k in ipairs(redis.call('KEYS', 'rille:*:n:*')) do "
        .. "n = n + redis.call('HLEN', k) - redis.call('HEXISTS', k, 's') end return n\" 0"
      local holder = support.connect(url, schema)
      local tx = holder:transaction(function(tx)
        tx.note:update { where = { id = 1 }, data = { text = "held" } }
        b:send "db.note:update { where = { id = 1 }, data = { text = 'y' } }"
        for _ = 1, 3000 do
          if server:cli(marks) ~= "0" then break end
          os.execute "sleep 0.01"
        end
        b:kill()
        for _ = 1, 3 do assert.equal("1 miss", a:ask "return count()") end
        return true
      end)
      assert.is_true(tx)
      for _ = 1, 3 do assert.equal("1 miss", a:ask "return count()") end
    end)
  end
end)
