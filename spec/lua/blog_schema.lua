-- The schema that most specs use: every kind of relation between few models.
return [[
enum Role {
  admin
  author
  reader
}

model User {
  id        Int       @id @default(autoincrement())
  email     String    @unique
  name      String
  role      Role      @default(reader)
  karma     Int       @default(0)
  bio       String?
  createdAt DateTime  @default(now())
  profile   Profile?
  posts     Post[]
  comments  Comment[]
  bossId    Int?
  boss      User?     @relation("team", fields: [bossId], references: [id])
  team      User[]    @relation("team")
}

model Profile {
  id     Int    @id @default(autoincrement())
  city   String
  user   User   @relation(fields: [userId], references: [id], onDelete: Cascade)
  userId Int    @unique
}

model Post {
  id        Int       @id @default(autoincrement())
  title     String
  published Boolean   @default(false)
  views     Int       @default(0)
  author    User      @relation(fields: [authorId], references: [id])
  authorId  Int
  tags      Tag[]
  comments  Comment[]

  @@unique([authorId, title])
}

model Tag {
  id    Int    @id @default(autoincrement())
  name  String @unique
  posts Post[]
}

model Comment {
  id     Int    @id @default(autoincrement())
  text   String
  post   Post   @relation(fields: [postId], references: [id], onDelete: Cascade)
  postId Int
  user   User   @relation(fields: [userId], references: [id])
  userId Int
}
]]
