-- The extensions in examples/extensions do what they say, and are short.
local support = require "support"

local FOLDER = "examples/extensions/"
local NAMES = { "soft_delete", "audit_log", "full_name", "tenant_guard" }

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

support.each_engine(function(engine)
  local db, own
  before_each(function()
    db = support.open(engine, (read(FOLDER .. "schema.prisma"):gsub('"sqlite"', ('"%s"'):format(engine))))
    own = {}
    for _, name in ipairs(NAMES) do own[name] = assert(loadfile(FOLDER .. name .. ".lua"))() end
    db.user:create { data = { tenantId = 1, email = "ada@x", first = "Ada", last = "Lovelace", posts = { create = { { tenantId = 1, title = "One" },
      { tenantId = 1, title = "Two" } } } } }
    db.user:create { data = { tenantId = 2, email = "bob@x", first = "Bob", posts = { create = { tenantId = 2, title = "Theirs" } } } }
  end)

  it("are under 40 lines each", function()
    for _, name in ipairs(NAMES) do
      assert.is_true(select(2, read(FOLDER .. name .. ".lua"):gsub("\n", "")) < 40, name)
    end
  end)

  it("soft delete", function()
    local x = db:extend(own.soft_delete)
    assert.equal("One", x.post:delete({ where = { id = 1 } }).title)
    assert.same({ 2, 3 }, { x.post:count(), db.post:count() })
    assert.is_nil(x.post:find_unique { where = { id = 1 } })
    assert.equal(1, #x.post:find_many { where = { authorId = 1 } })
    assert.same({ false, "posts are not deleted in a nested write; use db.post:delete" },
      { pcall(x.user.update, x.user, { where = { id = 1 }, data = { posts = { delete = { id = 2 } } } }) })
    x.post:delete_many { where = { authorId = 1 } }
    assert.same({ 1, 1 }, { x.post:count(), x.post:paginate().total })
    assert.equal("One", x.post:restore({ id = 1 }).title)
    assert.same({ 2, 3 }, { x.post:count(), db.post:count() })
  end)

  it("audit log", function()
    local x = db:extend(own.audit_log)
    x.user:update { where = { id = 1 }, data = { last = "L", posts = { create = { tenantId = 1, title = "New" }, delete = { id = 1 } } } }
    local log = {}
    for i, row in ipairs(x.audit_log:find_many { order_by = { id = "asc" } }) do log[i] = row.action .. " " .. row.model end
    assert.same({ "update User", "create Post", "delete Post" }, log)
    local user = x.audit_log:of("User")[1]
    assert.equal('{"id":1,"tenantId":1,"email":"ada@x","first":"Ada","last":"Lovelace"}', user.before)
    assert.equal('{"id":1,"tenantId":1,"email":"ada@x","first":"Ada","last":"L"}', user.after)
    assert.is_false(pcall(x.transaction, x, function(tx)
      tx.post:delete { where = { id = 2 } }
      error "no"
    end))
    assert.equal(3, x.audit_log:count())
  end)

  it("full names", function()
    local x = db:extend(own.full_name)
    assert.same({ { full_name = "Ada Lovelace", initials = "AL" }, { full_name = "Bob", initials = "B" } },
      x.user:find_many { select = { full_name = true, initials = true }, order_by = { id = "asc" } })
    assert.same({ author = { initials = "AL" } }, x.post:find_unique { where = { id = 1 }, select = { author = { select = { initials = true } } } })
  end)

  it("tenant guard", function()
    local x = db:extend(own.tenant_guard(1))
    local function refused(fn) assert.same({ false, "a row of another tenant" }, { pcall(fn) }) end
    assert.equal(1, #x.user:find_many { where = { tenantId = 1 }, include = { posts = true } })
    refused(function() x.user:find_many() end)
    refused(function() x.post:find_unique { where = { id = 3 }, select = { title = true, author = true } } end)
    refused(function() x.post:update { where = { id = 3 }, data = { title = "mine" } } end)
    refused(function() x.post:delete_many { where = { authorId = 2 } } end)
    refused(function() x.post:update { where = { id = 1 }, data = { tenantId = 2 } } end)
    refused(function() x.user:create { data = { email = "q@x", first = "Q", posts = { create = { tenantId = 2, title = "q" } } } } end)
    local user = x.user:create { data = { email = "q@x", first = "Q", posts = { create = { title = "q" } } }, include = { posts = true } }
    assert.same({ 1, 1 }, { user.tenantId, user.posts[1].tenantId })
    assert.equal("Theirs", db.post:find_unique({ where = { id = 3 } }).title)
  end)
end)
