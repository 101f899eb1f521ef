local rille = require "rille"

local schema = [[
model User {
  id    Int    @id @default(autoincrement())
  email String @unique
  name  String
  posts Post[]
}
model Post {
  id       Int    @id @default(autoincrement())
  title    String
  author   User   @relation(fields: [authorId], references: [id])
  authorId Int
}]]

rille.push { schema_text = schema, url = "file:quickstart.db", reset = true }
local db = rille.connect { schema_text = schema, url = "file:quickstart.db" }

local ada = db.user:create { data = { email = "ada@example.com", name = "Ada" } }
db.post:create_many { data = { { title = "Hello", authorId = ada.id }, { title = "Again", authorId = ada.id } } }

for _, user in ipairs(db.user:find_many { include = { posts = { order_by = { title = "asc" } } } }) do
  print(user.name, #user.posts, user.posts[1].title) --> Ada  2  Again
end

local user, e = rille.try(function() return db.user:create { data = { email = "ada@example.com", name = "Twice" } } end)
print(user, e.code, e.meta.target[1]) --> nil  P2002  email
