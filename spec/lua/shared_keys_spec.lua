-- Relations whose keys share a column, like a tenant: different values are rejected, also if they are known only when the rows are read. And required keys
-- of optional relations.
local rille = require "rille"
local support = require "support"

local SCHEMA = [[
model Customer {
  tenant Int
  id     Int     @unique
  orders Order[]
  @@id([tenant, id])
}

model Product {
  tenant Int
  id     Int     @unique
  orders Order[]
  @@id([tenant, id])
}

model Order {
  id         Int       @id @default(autoincrement())
  tenant     Int?
  customerId Int?
  productId  Int?
  customer   Customer? @relation(fields: [tenant, customerId], references: [tenant, id])
  product    Product?  @relation(fields: [tenant, productId], references: [tenant, id])
}
]]

support.each_engine(function(engine)
  local db
  for _, mode in ipairs { "foreignKeys", "prisma" } do
    describe("two relations with one column in relationMode " .. mode, function()
      before_each(function()
        local head = ('datasource db {\n provider = "%s"\n relationMode = "%s"\n}\n'):format(engine, mode)
        -- what happens to the other rows is of no interest here, and both relations could not be set to null apart
        local schema = head .. SCHEMA:gsub("references: %[tenant, id%]", mode == "prisma" and "%0, onDelete: Restrict, onUpdate: Restrict" or "%0")
        db = support.open(engine, schema)
        db.customer:create_many { data = { { tenant = 1, id = 1 }, { tenant = 2, id = 2 } } }
        db.product:create_many { data = { { tenant = 1, id = 1 }, { tenant = 2, id = 2 }, { tenant = 1, id = 3 } } }
      end)

      local function by_key(tenant, id) return { tenant_id = { tenant = tenant, id = id } } end

      local function refused(path, fn, model, args)
        local e = support.fails("VALIDATION", fn, model, args)
        assert.equal(path, e.meta.path)
        assert.matches("`tenant`", e.message, 1, true)
        assert.matches("another value", e.message, 1, true)
      end

      it("takes one value from both", function()
        local made = db.order:create { data = { customer = { connect = by_key(1, 1) }, product = { connect = { id = 3 } } } }
        assert.same({ 1, 1, 3 }, { made.tenant, made.customerId, made.productId })
        made = db.order:create { data = { customer = { create = { tenant = 3, id = 30 } }, product = { create = { tenant = 3, id = 31 } } } }
        assert.same({ 3, 30, 31 }, { made.tenant, made.customerId, made.productId })
        made = db.customer:update {
          where = { id = 1 },
          data = { orders = { create = { product = { connect = { id = 1 } } } } },
          include = { orders = { order_by = { id = "desc" }, take = 1 } },
        }
        assert.same({ 1, 1, 1 }, { made.orders[1].tenant, made.orders[1].customerId, made.orders[1].productId })
      end)

      it("refuses two, named or found", function()
        for _, product in ipairs {
          { connect = by_key(2, 2) },
          { connect = { id = 2 } },
          { create = { tenant = 2, id = 9 } },
          { connect_or_create = { where = { id = 2 }, create = { tenant = 1, id = 2 } } },
          { connect_or_create = { where = { id = 9 }, create = { tenant = 2, id = 9 } } },
        } do
          refused("data.product." .. next(product), db.order.create, db.order, { data = { customer = { connect = { id = 1 } }, product = product } })
          refused("data.product." .. next(product), db.order.create, db.order, {
            data = { customer = { create = { tenant = 1, id = 50 } }, product = product },
          })
        end
        assert.same({ 0, 3, 2 }, { db.order:count(), db.product:count(), db.customer:count() })
      end)

      it("refuses two in an update and an upsert, and changes nothing", function()
        db.order:create { data = { customer = { connect = { id = 1 } }, product = { connect = { id = 1 } } } }
        local data = { customer = { connect = { id = 2 } }, product = { connect = { id = 3 } } }
        refused("data.product.connect", db.order.update, db.order, { where = { id = 1 }, data = data })
        refused("update.product.connect", db.order.upsert, db.order, { where = { id = 1 }, create = {}, update = data })
        refused("create.product.connect", db.order.upsert, db.order, { where = { id = 7 }, create = data, update = {} })
        data.customer, data.product = { disconnect = true }, { connect = { id = 2 } }
        refused("data.product.connect", db.order.update, db.order, { where = { id = 1 }, data = data })
        assert.same({ { id = 1, tenant = 1, customerId = 1, productId = 1 } }, db.order:find_many())
        data.customer, data.product = { connect = { id = 2 } }, { connect = { id = 2 } }
        assert.equal(2, db.order:update({ where = { id = 1 }, data = data }).tenant)
      end)

      it("refuses a row below a parent that has another value", function()
        refused("data.orders.create", db.customer.create, db.customer, {
          data = { tenant = 1, id = 60, orders = { create = { product = { connect = { id = 2 } } } } },
        })
        refused("data.orders.create", db.customer.update, db.customer, {
          where = { id = 1 },
          data = { orders = { create = { product = { connect = { id = 2 } } } } },
        })
        assert.same({ 0, 2 }, { db.order:count(), db.customer:count() })
      end)
    end)
  end

  describe("a required key of an optional relation", function()
    before_each(function()
      db = support.open(engine, [[
model User {
  id    Int    @id @default(autoincrement())
  email String @unique
  posts Post[]
}
model Tag {
  id    Int    @id @default(autoincrement())
  posts Post[]
}
model Post {
  id       BigInt @id @default(autoincrement())
  title    String @default("")
  author   User?  @relation(fields: [authorId], references: [id])
  authorId Int
  tag      Tag?   @relation(fields: [tagId], references: [id])
  tagId    Int?
}
]])
      db.user:create { data = { email = "a" } }
      db.tag:create {}
    end)

    it("is checked by the database if relations are written", function()
      support.fails("P2011", db.post.create, db.post, { data = { title = "x" } })
      support.fails("P2011", db.post.create, db.post, { data = { tag = { connect = { id = 1 } } } })
      support.fails("P2011", db.tag.update, db.tag, { where = { id = 1 }, data = { posts = { create = {} } } })
      assert.equal("data.author", support.fails("P2012", db.post.create, db.post, { data = { tagId = 1 } }).meta.path)
      support.fails("P2012", db.post.create_many, db.post, { data = { { title = "x" } } })
      assert.equal(0, db.post:count())
    end)

    it("is not required for an existing row", function()
      db.post:create { data = { id = 9, author = { connect = { id = 1 } } } }
      local post = { where = { id = 9 }, create = { title = "new" } }
      db.tag:update { where = { id = 1 }, data = { posts = { connect_or_create = post } } }
      assert.equal(1, db.post:find_first().tagId)
      post.update = { title = "nested" }
      db.tag:update { where = { id = 1 }, data = { posts = { upsert = post } } }
      assert.equal("nested", db.post:find_first().title)
      post.update = { title = "top" }
      assert.equal("top", db.post:upsert(post).title)
      post.where = { id = 10 }
      support.fails("P2011", db.post.upsert, db.post, post)
    end)

    it("may be next to an autoincrement BigInt, which may be written with relations; an Int may not", function()
      local made = db.post:create { data = { id = 77, author = { connect = { email = "a" } } } }
      assert.same({ 77, 1 }, { made.id, made.authorId })
      made = db.user:create { data = { email = "b", posts = { create = { id = 78, tag = { connect = { id = 1 } } } } }, include = { posts = true } }
      assert.equal(78, made.posts[1].id)
    end)
  end)

  describe("a row that the database drops", function()
    before_each(function()
      db = support.open(engine, [[
model User {
  id    Int    @id @default(autoincrement())
  email String @unique
  posts Post[]
}
model Post {
  id     Int    @id @default(autoincrement())
  title  String @default("")
  user   User   @relation(fields: [userId], references: [id])
  userId Int
}
model Note {
  id   Int    @id @default(autoincrement())
  text String @unique
}
]])
      local drop = engine == "sqlite" and [[
CREATE TRIGGER drop_%s BEFORE INSERT ON "%s" WHEN NEW."%s" = 'drop' BEGIN SELECT RAISE(IGNORE); END;]] or [[
CREATE FUNCTION drop_%s() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER drop_row BEFORE INSERT ON "%s" FOR EACH ROW WHEN (NEW."%s" = 'drop') EXECUTE FUNCTION drop_%1$s();]]
      local function write(name, model, column)
        return (drop:gsub("%%1%$s", name):gsub("%%s", name, 1):gsub("%%s", model, 1):gsub("%%s", column, 1))
      end
      db:execute_script(write("user", "User", "email"))
      db:execute_script(write("post", "Post", "title"))
      db:execute_script(write("note", "Note", "text"))
    end)

    it("is an error of create and upsert, and nothing else stays", function()
      support.fails("P2025", db.note.create, db.note, { data = { text = "drop" } })
      support.fails("P2025", db.user.create, db.user, { data = { email = "drop" }, include = { posts = true } })
      support.fails("P2025", db.user.create, db.user, { data = { email = "drop", posts = { create = { title = "kept" } } } })
      support.fails("P2025", db.post.create, db.post, { data = { title = "drop", user = { create = { email = "a" } } } })
      support.fails("P2025", db.post.create, db.post, { data = { title = "kept", user = { create = { email = "drop" } } } })
      support.fails("P2025", db.note.upsert, db.note, { where = { text = "drop" }, create = { text = "drop" }, update = {} })
      support.fails("P2025", db.user.upsert, db.user, {
        where = { email = "drop" },
        create = { email = "drop", posts = { create = {} } },
        update = {},
      })
      assert.same({ 0, 0, 0 }, { db.user:count(), db.post:count(), db.note:count() })
    end)

    it("gives its children to no other row", function()
      local rows = { { email = "a", posts = { create = { title = "a" } } }, { email = "drop", posts = { create = { title = "lost" } } } }
      rows[3] = { email = "c", posts = { create = { title = "c" } } }
      support.fails("P2025", db.user.create_many, db.user, { data = rows })
      support.fails("P2025", db.user.create_many_and_return, db.user, { data = rows })
      assert.same({ 0, 0 }, { db.user:count(), db.post:count() })
    end)

    it("is not counted among many", function()
      assert.equal(2, db.note:create_many({ data = { { text = "a" }, { text = "drop" }, { text = "b" } } }).count)
      assert.equal(1, #db.note:create_many_and_return { data = { { text = "c" }, { text = "drop" } } })
    end)
  end)

  describe("omit of a client", function()
    local schema = "model Note {\n id Int @id\n text String\n}\nmodel Old {\n id Int @id\n gone String? @ignore\n}"
    local url
    before_each(function() url = support.database(engine) end)

    it("is as strict as that of a call", function()
      for path, omit in pairs {
        ["omit.note.text"] = { note = { text = "yes" } },
        ["omit.note.id"] = { note = { id = 1, text = false } },
        ["omit: leaves no field of Note"] = { note = { id = true, text = true } },
        ["omit: leaves no field of Old"] = { old = { id = true } },
        ["omit: `old.gone`"] = { old = { gone = true } },
        ["omit: `note.nope`"] = { note = { nope = true } },
      } do
        local e = support.fails("VALIDATION", rille.connect, { schema_text = schema, url = url, omit = omit })
        assert.matches(path, e.message, 1, true)
      end
      local client = support.connect(url, schema, { omit = { note = { text = true, id = false } } })
      rille.push { schema_text = schema, url = url }
      assert.same({ id = 1 }, client.note:create { data = { id = 1, text = "secret" } })
    end)
  end)
end)
