-- What went wrong elsewhere between processes: upserts that met a unique constraint, and a process that died of an idle connection.
local support = require "support"
local schema = require "lua.blog_schema"

local PROCESSES = 8

-- Runs a Lua text in so many processes at once, `url` and `number` given; returns all that they printed, a line each.
local function in_processes(url, text)
  local folder = support.folder()
  local script = support.write(folder .. "/work.lua", ([[
    local url, number = arg[1], tonumber(arg[2])
    local schema = require "lua.blog_schema"
    local rille = require "rille"
    local db = rille.connect { url = url, schema_text = schema }
    local ok, e = pcall(function() %s end)
    print(ok and "done" or tostring(e))
  ]]):format(text))
  local commands = {}
  for i = 1, PROCESSES do commands[i] = ("lua5.4 '%s' '%s' %d &"):format(script, url, i) end
  local pipe = assert(io.popen(table.concat(commands, " ") .. " wait"))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  return lines
end

local function all_done(lines)
  assert.equal(PROCESSES, #lines)
  for _, line in ipairs(lines) do assert.equal("done", line) end
end

support.each_engine(function(engine)
  local db, url
  before_each(function() db, url = support.open(engine, schema) end)

  it("upserts one key from eight processes into one row", function()
    all_done(in_processes(url, [[
      for _ = 1, 25 do
        db.user:upsert { where = { email = "one" }, create = { email = "one", name = "N", karma = 1 }, update = { karma = { increment = 1 } },
          include = { posts = true } }
      end
    ]]))
    assert.equal(1, db.user:count())
    assert.equal(PROCESSES * 25, db.user:find_first().karma)
  end)

  it("connects or creates one key from eight processes", function()
    db.user:create { data = { email = "a", name = "Ada" } }
    all_done(in_processes(url, [[
      for i = 1, 10 do
        db.post:create { data = { title = number .. "/" .. i, author = { connect = { email = "a" } },
          tags = { connect_or_create = { where = { name = "t" .. i }, create = { name = "t" .. i } } } } }
      end
    ]]))
    assert.equal(10, db.tag:count())
    assert.equal(PROCESSES * 10, db.post:count())
    assert.equal(PROCESSES, db.post:count { where = { tags = { some = { name = "t10" } } } })
  end)

  it("upserts with nested writes from eight processes", function()
    all_done(in_processes(url, [[
      for i = 1, 10 do
        db.user:upsert {
          where = { email = "u" .. i },
          create = { email = "u" .. i, name = "N", karma = 1, posts = { create = { title = "first" } } },
          update = { karma = { increment = 1 } },
        }
      end
    ]]))
    assert.same({ 10, 10 }, { db.user:count { where = { karma = PROCESSES } }, db.post:count() })
  end)

  it("claims each job for one of eight processes", function()
    db.user:create { data = { email = "a", name = "Ada" } }
    local jobs = {}
    for i = 1, 40 do jobs[i] = { title = "job " .. i, authorId = 1 } end
    db.post:create_many { data = jobs }
    all_done(in_processes(url, [[
      local claim = { where = { published = false }, data = { published = true, views = { increment = 1 } }, limit = 1 }
      while db.post:exists { where = { published = false } } do
        db.post:update_many(claim)
      end
    ]]))
    assert.equal(40, db.post:count { where = { published = true, views = 1 } })
    all_done(in_processes(url, [[
      while db.post:exists {} do
        local job = db.post:find_first { order_by = { id = "asc" } }
        local mine = job and rille.try(db.post.delete, db.post, { where = { id = job.id, views = 1 }, include = { tags = true } })
        if mine then db.user:update { where = { id = 1 }, data = { karma = { increment = 1 } } } end
      end
    ]]))
    assert.equal(40, db.user:find_first().karma)
  end)

  it("increments from eight processes without losing one", function()
    db.user:create { data = { email = "a", name = "Ada" } }
    all_done(in_processes(url, [[
      for _ = 1, 25 do db.user:update { where = { email = "a" }, data = { karma = { increment = 1 } } } end
    ]]))
    assert.equal(PROCESSES * 25, db.user:find_first().karma)
  end)

  if engine == "postgresql" then
    it("outlives the connections that the server drops while they are idle", function()
      assert.equal(0, db.user:count())
      local function drop_all()
        support.psql(("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'"):format(support.database_name(url)))
        os.execute "sleep 0.3" -- idle for longer than a connection is trusted without a look
      end
      for _ = 1, 2 do
        drop_all()
        assert.equal(0, db.user:count())
        db:transaction(function(tx) assert.equal(0, tx.user:count()) end)
        drop_all()
        for _ in db.user:each { include = { posts = true } } do end
      end
      db.user:create { data = { email = "a", name = "Ada" } }
      assert.equal(1, db.user:count())
    end)
  end
end)
