-- db:action: answers that show no more than they should, to whoever sends the form; and mistakes in definitions.
local support = require "support"
local rille = require "rille"

local schema = [[
model Shop {
  id     Int       @id @default(autoincrement())
  name   String    @unique
  secret String?
  /// @length ..3
  logo   Bytes?
  items  Item[]
  tags   Tag[]
}
model Item {
  id     Int     @id @default(autoincrement())
  name   String  @unique
  secret String?
  /// @length 3..
  code   String?
  shop   Shop?   @relation(fields: [shopId], references: [id])
  shopId Int?
}
model Tag {
  id    Int    @id
  shops Shop[]
}
]]

support.each_engine(function(engine)
  describe("an answer", function()
    local db, faults
    before_each(function()
      db = support.open(engine, schema, { omit = { shop = { secret = true }, item = { secret = true, code = true } } })
      faults = {}
      db:on("fault", function(event) faults[#faults + 1] = event end)
    end)

    local function create_shop(allow, more)
      local input = { model = "shop", allow = allow }
      for key, value in pairs(more or {}) do input[key] = value end
      return db:action { input = input, run = function(tx, data) return tx.shop:create { data = data } end }
    end

    it("has no values of omitted fields, also not in its faults", function()
      local create = create_shop({ "name", "secret", "logo", items = { "name", "secret", "code" } }, { unknown = "error" })
      local answer = create { name = 5, secret = 7, logo = "AAAAAAAA", items = { { name = "a", secret = 8, code = "ab" } }, id = 3 }
      local values = {}
      for _, fault in ipairs(answer.faults) do values[fault.path] = fault.value or "none" end
      assert.same({ name = 5, secret = "none", logo = "AAAAAAAA", ["items.1.secret"] = "none", ["items.1.code"] = "none", id = 3 }, values)
      assert.same({ name = 5, logo = "AAAAAAAA", items = { { name = "a" } }, id = 3 }, answer.values)
    end)

    it("leaves out files, and no rows that look like one", function()
      local form = { name = "", logo = { name = "a", type = "t", content = "x" }, notes = { { name = "n", content = "c" } } }
      assert.same({ name = "", notes = { { name = "n", content = "c" } } }, create_shop { "name" } (form).values)
    end)

    it("can be encoded as JSON, whatever bytes the form has", function()
      for _, body in ipairs { "name=%FF", "%C3%28=1&name[%FF]=x", "name=%ED%A0%80&x=%FF&y=a%00", "items[0][name]=%FF" } do
        local answer = create_shop({ "name", items = { "name" } }, { unknown = "error" })(rille.form(body))
        assert.equal(422, answer.status)
        assert.truthy(rille.json.decode(rille.json.encode(answer)).values)
      end
      local answer = create_shop { "name" } { name = "\195\164\255", ["\255"] = ("x"):rep(100000) }
      assert.same({ name = "\195\164?", ["?"] = ("x"):rep(100000) }, answer.values)
      assert.is_nil(answer.faults[1].value)
    end)

    it("comes soon, whatever tables the form has", function()
      local within, shared = { name = "" }, {}
      within.a, within.b = within, within
      for _ = 1, 18 do shared = { shared, shared } end
      within.shared = shared
      local began = os.clock()
      local answer = create_shop { "name" } (within)
      assert.is_true(os.clock() - began < 1)
      assert.equal("", answer.values.name)
      assert.is_nil(answer.values.a)
      assert.equal(answer.values.shared[1], answer.values.shared[2])
      assert.equal(422, create_shop { "name" } (setmetatable({ name = "" }, { __metatable = "hidden" })).status)
    end)

    it("has the message of a nested row at its relation", function()
      local answer = create_shop { "name", items = { "name" } } { name = "s", items = { { name = "a" }, { name = "a" } } }
      assert.same({ 409, "P2002", { items = "is already taken" } }, { answer.status, answer.code, answer.errors })
      assert.equal(0, db.shop:count())
      create_shop { "name" } { name = "s" }
      answer = create_shop { "name", items = { "name" } } { name = "s", items = { { name = "a" } } }
      assert.same({ name = "is already taken" }, answer.errors)
    end)

    it("is 404 if a row to connect is missing, whatever the relation", function()
      for relation, code in pairs { items = "P2018", tags = "P2025" } do
        local answer = create_shop { "name", items = "connect", tags = "connect" } { name = "s", [relation] = { 7 } }
        assert.same({ 404, code, { [relation .. ".1"] = "was not found" } }, { answer.status, answer.code, answer.errors })
      end
      assert.same({}, faults)
      local _, e = rille.try(function() return db.shop:create { data = { name = "s", items = { connect = { id = 7 } } } } end)
      assert.equal(404, rille.status(e))
    end)

    it("is that of an error that run returns", function()
      local function returned(fn) return db:action { run = function(tx) return rille.try(fn, tx) end } {} end
      local answer = returned(function(tx) return tx.shop:update { where = { id = 7 }, data = {} } end)
      assert.same({ 404, "P2025" }, { answer.status, answer.code })
      assert.equal(500, returned(function(tx) return tx.shop:create { data = { nome = "x" } } end).status)
      assert.equal("VALIDATION", faults[1].error)
    end)

    it("has a message of no field if there are no others", function()
      assert.same({ base = "is not valid" }, db:action { run = function() return nil, {} end } {}.errors)
      assert.same({ base = "is not valid" }, db:action { input = function() end, run = function() end } {}.errors)
      assert.same({ base = "you are not allowed to do this" }, db:action { run = function() rille.fail(403, {}) end } {}.errors)
    end)
  end)

  it("mistakes in the options of an action are errors where it is made", function()
    local db = support.open(engine, schema)
    local function refused(words, definition)
      definition.run = function() end
      local e = support.fails("VALIDATION", db.action, db, definition)
      assert.truthy(e.message:find(words, 1, true), e.message)
    end
    refused("did you mean `allow`?", { input = { model = "shop", alow = {} } })
    refused("input: allow: missing", { input = { model = "shop" } })
    refused("input: allow.nome: unknown field", { input = { model = "shop", allow = { "nome" } } })
    refused("input: required.secret", { input = { model = "shop", allow = { "name" }, required = { "secret" } } })
    refused("input: messages.1", { input = { model = "shop", allow = { "name" }, messages = { 1 } } })
    refused("input: zone", { input = { model = "shop", allow = { "name" }, zone = "CET" } })
    refused("did you mean `retries`?", { transaction = { retriess = 1 } })
    local asked = 0
    local function ask() asked = asked + 1 end
    db:action { input = { model = "shop", allow = { "secret" }, check = ask, messages = ask, zone = ask }, run = ask }
    assert.equal(0, asked)
  end)
end)
