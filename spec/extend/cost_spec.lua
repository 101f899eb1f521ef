-- What extensions cost: nothing for clients without them, and few statements for many rows.
local core = require "rille.core"
local rille = require "rille"
local support = require "support"
local shop = require "extend.shop"

local function nothing() end

support.each_engine(function(engine)
  local db
  before_each(function() db = support.open(engine, shop.schema) end)

  local function statements(fn)
    local before = db:metrics().calls.statements
    fn()
    return db:metrics().calls.statements - before
  end

  it("a client stays as it is when another one is derived from it", function()
    local model, index = db.user, getmetatable(db).__index
    local x = db:extend { query = { ["*"] = nothing }, write = { ["*"] = { before = nothing } }, result = { user = { a = { compute = nothing } } } }
    assert.is_true(rawequal(model, db.user))
    assert.equal("userdata", type(db.post))
    assert.is_true(rawequal(core.methods.find_many, db.post.find_many))
    assert.equal(index, getmetatable(db).__index)
    db:transaction(function(tx) assert.equal("userdata", type(tx.post)) end)
    assert.equal("table", type(x.post))
    assert.equal("userdata", type(db:with({}).post))
  end)

  it("calls that extensions do not change are sent as before", function()
    local x = db:extend { model = { user = { hi = nothing } }, query = { tag = { ["*"] = function(call) return call.run() end } } }
    local function batch(client)
      return statements(function()
        client:batch(function(b)
          b.user:create { data = { email = tostring(client) .. tostring({}) } }
          b.post:count()
        end)
      end)
    end
    assert.equal(batch(db), batch(x))
    local y = db:extend { write = { tag = { after = nothing } } }
    local args = { data = { email = "w@x", posts = { create = { title = "p" } } } }
    local function undone(client)
      return statements(function()
        pcall(client.transaction, client, function(tx)
          tx.user:create(args)
          error("undo", 0)
        end)
      end)
    end
    assert.equal(undone(db), undone(y))
  end)

  it("a thousand rows are few statements", function()
    local x, log = shop.logged(db)
    local rows = {}
    for i = 1, 1000 do rows[i] = { name = "t" .. i } end
    local plain = statements(function() db.tag:create_many_and_return { data = rows } end)
    db.tag:delete_many { where = rille.all }
    assert.is_true(statements(function() assert.equal(1000, x.tag:create_many({ data = rows }).count) end) <= plain + 4)
    assert.equal(2000, #shop.take(log))
    db.post:create_many { data = (function()
      local posts = {}
      for i = 1, 1000 do posts[i] = { title = "p" .. i } end
      return posts
    end)() }
    assert.is_true(statements(function() assert.equal(1000, x.post:update_many({ where = rille.all, data = { views = 3 } }).count) end) < 60)
    assert.equal(1000, db.post:count { where = { views = 3 } })
    assert.is_true(statements(function() assert.equal(1000, x.post:delete_many({ where = rille.all }).count) end) < 10)
    assert.equal(4000, #shop.take(log))
  end)
end)
