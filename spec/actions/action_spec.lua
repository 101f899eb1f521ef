-- db:action: from the permission to the answer.
local support = require "support"
local rille = require "rille"

local schema = [[
model User {
  id       Int     @id @default(autoincrement())
  email    String  @unique
  name     String?
  password String?
  posts    Post[]
}
model Post {
  id         Int       @id @default(autoincrement())
  title      String
  slug       String?
  place      String?
  authorId   Int
  author     User      @relation(fields: [authorId], references: [id])
  categoryId Int?
  category   Category? @relation(fields: [categoryId], references: [id])
  @@unique([slug, place])
}
model Category {
  id    Int    @id
  posts Post[]
}
]]

local function titled(form)
  return { title = form.title, authorId = tonumber(form.author), categoryId = tonumber(form.category), slug = form.slug, place = form.place }
end

support.each_engine(function(engine)
  local db, faults
  before_each(function()
    db = support.open(engine, schema, { omit = { user = { password = true } } })
    faults = {}
    db:on("fault", function(event) faults[#faults + 1] = event end)
    db.user:create { data = { email = "a@b.c" } }
  end)

  local function create_post(options)
    local definition = { input = titled, run = function(tx, input) return tx.post:create { data = input } end }
    for key, value in pairs(options or {}) do definition[key] = value end
    return db:action(definition)
  end

  describe("an answer", function()
    it("has the value, and a redirect", function()
      local answer = create_post {} (rille.form "title=t&author=1")
      assert.same({ ok = true, status = 200, value = { id = 1, title = "t", authorId = 1 } }, answer)
      local create = create_post { redirect = function(post, context) return ("/%s/%d"):format(context.kind, post.id) end }
      answer = create(rille.form "title=t&author=1", { kind = "posts" })
      assert.equal(303, answer.status)
      assert.equal("/posts/2", answer.redirect)
      assert.equal("/done", create_post { redirect = "/done" } { title = "x", author = 1 }.redirect)
    end)

    it("may have no value", function()
      assert.same({ ok = true, status = 200 }, db:action { run = function() end } ())
    end)

    it("has the errors by field, and the values without files and omitted fields", function()
      local sign_up = db:action {
        input = function(form) return { email = form.email, password = form.password } end,
        run = function(tx, input) return tx.user:create { data = input } end,
      }
      local picture = { name = "a.png", type = "image/png", content = "x" }
      local answer = sign_up { email = "a@b.c", password = "secret", picture = picture, tags = { { name = "n" } } }
      assert.same({ ok = false, status = 409, code = "P2002", errors = { email = "is already taken" },
        values = { email = "a@b.c", tags = { { name = "n" } } } }, answer)
      assert.same({}, faults)
    end)
  end)

  describe("authorize", function()
    local function status_of(authorize) return create_post { authorize = authorize } { title = "t", author = 1 }.status end
    it("decides first", function()
      local asked
      local answer = create_post {
        authorize = function(context, form) asked = { context.user, form.title } return false end,
        input = function() error "not asked" end,
      } ({ title = "t" }, { user = 7 })
      assert.same({ 7, "t" }, asked)
      assert.equal(403, answer.status)
      assert.equal("FORBIDDEN", answer.code)
      assert.equal(0, db.post:count())
    end)
    it("may name the status", function()
      assert.equal(401, status_of(function() return false, 401 end))
      assert.equal(404, status_of(function() return nil, 404 end))
      assert.equal(403, status_of(function() end))
      assert.equal(200, status_of(function() return true end))
      assert.equal(403, status_of(function() rille.fail(403) end))
      assert.equal(500, status_of(function() return false, 200 end)) -- no refusal: a mistake of the application
    end)
  end)

  describe("run says no", function()
    it("with messages, and nothing stays", function()
      local answer = create_post { run = function(tx, input)
        tx.post:create { data = input }
        return nil, { title = "is used already" }
      end } { title = "t", author = 1 }
      local errors, values = { title = "is used already" }, { title = "t", author = 1 }
      assert.same({ ok = false, status = 422, code = "INPUT", errors = errors, values = values }, answer)
      assert.equal(0, db.post:count())
      assert.same({ base = "no" }, create_post { run = function() return nil, "no" end } {}.errors)
    end)

    it("with rille.fail, from anywhere", function()
      for status, code in pairs { [401] = "UNAUTHORIZED", [403] = "FORBIDDEN", [404] = "NOT_FOUND", [409] = "CONFLICT", [422] = "INPUT" } do
        local answer = create_post { run = function(tx, input)
          tx.post:create { data = input }
          tx:transaction(function() rille.fail(status, { title = "x" }) end)
        end } { title = "t", author = 1 }
        assert.same({ status, code, { title = "x" } }, { answer.status, answer.code, answer.errors })
      end
      assert.equal(0, db.post:count())
      support.fails("VALIDATION", rille.fail, 500)
      support.fails("VALIDATION", rille.fail, 404, { 1 })
      assert.equal("was not found", create_post { run = function() rille.fail(404) end } {}.errors.base)
    end)
  end)

  -- What a form can cause, to status, code and field.
  describe("the table of faults", function()
    local cases = {
      { "a unique field", { title = "t", author = 1, slug = "s", place = "p" }, 409, "P2002", { "slug", "place" }, again = true },
      { "a missing parent", { title = "t", author = 99 }, 422, "P2003", { "authorId" } },
      { "the second of two parents", { title = "t", author = 1, category = 99 }, 422, "P2003", { "categoryId" } },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        local action = create_post {}
        if case.again then assert.is_true(action(case[2]).ok) end
        local answer = action(case[2])
        assert.same({ false, case[3], case[4] }, { answer.ok, answer.status, answer.code })
        local fields = {}
        for field in pairs(answer.errors) do fields[#fields + 1] = field end
        table.sort(fields)
        table.sort(case[5])
        assert.same(case[5], fields)
        assert.equal(case.again and 1 or 0, db.post:count())
      end)
    end

    it("a row that is missing", function()
      local answer = db:action { run = function(tx) return tx.post:update { where = { id = 99 }, data = { title = "x" } } end } {}
      assert.same({ 404, "P2025", { base = "was not found" } }, { answer.status, answer.code, answer.errors })
    end)

    it("a row that is connected and missing", function()
      local answer = db:action { run = function(tx)
        return tx.post:create { data = { title = "x", author = { connect = { id = 99 } } } }
      end } {}
      assert.same({ 404, "P2025", { author = "was not found" } }, { answer.status, answer.code, answer.errors })
    end)

    it("a row that is still in use", function()
      db.post:create { data = { title = "t", authorId = 1 } }
      local answer = db:action { run = function(tx) return tx.user:delete { where = { id = 1 } } end } {}
      assert.same({ 422, "P2003", { base = "is still in use" } }, { answer.status, answer.code, answer.errors })
    end)

    it("a value out of range", function()
      local answer = create_post {} { title = "t", author = "3000000000" }
      assert.same({ 422, "P2020", { authorId = "is out of range" } }, { answer.status, answer.code, answer.errors })
    end)
  end)

  describe("with a model as input", function()
    local function publish(options)
      local definition = {
        input = { model = "post", allow = { "title", "slug", "place", "authorId" } },
        run = function(tx, input) return tx.post:create { data = input } end,
      }
      for key, value in pairs(options or {}) do definition[key] = value end
      return db:action(definition)
    end

    it("takes what is allowed, and nothing else", function()
      local answer = publish {} (rille.form "title=t&authorId=1&id=77&category[connect][id]=1")
      assert.same({ id = 1, title = "t", authorId = 1 }, answer.value)
    end)

    it("answers with all faults of the form", function()
      local answer = publish {} (rille.form "title=&authorId=x&password=secret")
      assert.same({ false, 422, "INPUT" }, { answer.ok, answer.status, answer.code })
      assert.same({ title = "is required", authorId = "must be a whole number" }, answer.errors)
      assert.equal(2, #answer.faults)
      assert.same({ title = "", authorId = "x" }, answer.values)
    end)

    it("never takes a table for an operator", function()
      local answer = publish {} (rille.json.decode '{"title":{"set":"t"},"authorId":{"increment":1}}')
      assert.equal(422, answer.status)
      assert.truthy(answer.errors.title and answer.errors.authorId)
    end)

    it("asks which parent is missing", function()
      assert.same({ authorId = "does not exist" }, publish {} (rille.form "title=t&authorId=99").errors)
    end)

    it("has the client's messages", function()
      local german = db:with { messages = { taken = "ist vergeben", too_short = "ist zu kurz", not_found = "gibt es nicht" } }
      local create = german:action { input = { model = "user", allow = { "email" } }, run = function(tx, input) return tx.user:create { data = input } end }
      assert.same({ email = "ist vergeben" }, create(rille.form "email=a@b.c").errors)
      assert.same({ base = "gibt es nicht" }, german:action { run = function() rille.fail(404) end } ().errors)
    end)

    it("may be an update, of which nothing is required", function()
      local post = db.post:create { data = { title = "t", authorId = 1 } }
      local rename = db:action {
        input = { model = "post", allow = { "title", "slug" }, mode = "update" },
        run = function(tx, input, context) return tx.post:update { where = { id = context.id }, data = input } end,
      }
      assert.equal("s", rename(rille.form "slug=s", { id = post.id }).value.slug)
      assert.equal(404, rename(rille.form "slug=s", { id = 99 }).status)
    end)
  end)

  describe("from status 500 on", function()
    it("an answer has no details, and the event has them", function()
      local answer = create_post { run = function(tx) tx.post:create { data = { titel = "secret" } } end } { title = "t" }
      local errors = { base = "something went wrong; try again later" }
      assert.same({ ok = false, status = 500, code = "INTERNAL", errors = errors, values = { title = "t" } }, answer)
      assert.equal(1, #faults)
      assert.equal("fault", faults[1].event)
      assert.equal(500, faults[1].status)
      assert.equal("VALIDATION", faults[1].error)
      assert.truthy(faults[1].message:find("titel", 1, true))
      assert.truthy(faults[1].place:find "action_spec.lua:%d+$")
      assert.is_true(rille.is(faults[1].cause, "VALIDATION"))
    end)

    it("a time limit is 503", function()
      local answer = create_post { transaction = { timeout = 50 }, run = function(tx)
        tx.post:count()
        local ends = os.clock() + 0.2
        while os.clock() < ends do end
        tx.post:count()
      end } {}
      assert.equal(503, answer.status)
      assert.equal("P2028", faults[1].error)
    end)
  end)

  it("raises again what is not an error of rille's, after the rollback", function()
    local thrown = {}
    local ok, e = pcall(create_post { run = function(tx, input)
      tx.post:create { data = input }
      error(thrown)
    end }, { title = "t", author = 1 })
    assert.is_false(ok)
    assert.equal(thrown, e)
    assert.equal(0, db.post:count())
  end)

  describe("afterwards", function()
    it("redirect and revalidate are evaluated before the commit: an error there rolls back", function()
      for _, options in ipairs {
        { redirect = function() return "https://evil.example" end },
        { redirect = function() return "//evil.example" end },
        { redirect = function() return "/\\evil.example" end },
        { redirect = function() return "/a\r\nSet-Cookie: x" end },
        { redirect = function() return 7 end },
        { redirect = function() rille.fail(409) end },
        { revalidate = { tags = function() return "posts" end } },
        { revalidate = { paths = { 7 } } },
      } do
        local answer = create_post(options) { title = "t", author = 1 }
        assert.is_false(answer.ok)
        assert.equal(0, db.post:count())
      end
      local revalidate = { tags = function(post) return { "post:" .. post.id } end, paths = { "/posts" } }
      assert.is_true(create_post { revalidate = revalidate } { title = "t", author = 1 }.ok)
    end)

    it("after_commit runs once it is committed; its errors are faults, not failures", function()
      local seen
      local answer = create_post { run = function(tx, input)
        local post = tx.post:create { data = input }
        tx:after_commit(function() seen = db.post:count() end)
        tx:after_commit(function() error "too late" end)
        return post
      end, redirect = "/x" } { title = "t", author = 1 }
      assert.equal(1, seen)
      assert.same({ true, 303, "/x", "t" }, { answer.ok, answer.status, answer.redirect, answer.value.title })
      assert.truthy(faults[1].message:find("too late", 1, true))
      assert.equal(1, db.post:count())
    end)
  end)

  it("repeats run when the transaction's retries say so", function()
    local attempts = 0
    local answer = create_post { transaction = { retries = 2 }, run = function(tx, input)
      attempts = attempts + 1
      tx.post:create { data = input }
      if attempts < 3 then error(require "rille.errors".new("P2034", "conflict"), 0) end
      return attempts
    end } { title = "t", author = 1 }
    assert.equal(3, answer.value)
    assert.equal(1, db.post:count())
  end)

  it("runs without a transaction when asked", function()
    local answer = create_post { transaction = false, run = function(client, input)
      client.post:create { data = input }
      return nil, { base = "too late" }
    end } { title = "t", author = 1 }
    assert.is_false(answer.ok)
    assert.equal(1, db.post:count())
  end)

  it("refuses a definition that cannot be right", function()
    for _, definition in ipairs {
      {}, { run = 1 }, { run = print, input = 1 }, { run = print, inputs = {} }, { run = print, transaction = 1 }, { run = print, redirect = "https://x" },
      { run = print, redirect = 1 }, { run = print, input = { allow = {} } }, { run = print, input = { model = "nothing", allow = {} } },
      { run = print, revalidate = { tag = {} } }, { run = print, authorize = true },
    } do support.fails("VALIDATION", db.action, db, definition) end
    support.fails("VALIDATION", db.action, db)
    support.fails("VALIDATION", create_post(), 1)
    support.fails("VALIDATION", create_post(), {}, 1)
    db:transaction(function(tx) support.fails("VALIDATION", tx.action, tx, { run = print }) end)
  end)
end)

describe("rille.status", function()
  it("is that of the table, and 500 for all else", function()
    local function status(code)
      local _, e = rille.try(function() error(require "rille.errors".new(code, "x"), 0) end)
      return rille.status(e)
    end
    for code, expected in pairs { INPUT = 422, P2000 = 422, P2003 = 422, P2011 = 422, P2020 = 422, P2025 = 404, P2002 = 409, P2034 = 409, P1001 = 503,
      P2024 = 503, P2028 = 503, P1008 = 504, VALIDATION = 500, P2010 = 500, P1000 = 500, INTERNAL = 500 } do
      assert.equal(expected, status(code), code)
    end
    assert.equal(500, rille.status("text"))
    assert.equal(500, rille.status(nil))
    assert.equal(500, rille.status({}))
  end)
end)
